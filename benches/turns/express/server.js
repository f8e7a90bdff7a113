// The same conversation as the benchmark's, on ussd-menu-builder and express, sessions in memory.
const express = require('express');
const UssdMenu = require('ussd-menu-builder');

const menu = new UssdMenu();
const sessions = new Map();
menu.sessionConfig({
  start: (id, done) => { if (!sessions.has(id)) sessions.set(id, {}); done(); },
  end: (id, done) => { sessions.delete(id); done(); },
  set: (id, key, value, done) => { (sessions.get(id) || {})[key] = value; done(); },
  get: (id, key, done) => done(null, (sessions.get(id) || {})[key]),
});

const list = (title, items) => title + items.map((item, at) => `\n${at + 1}. ${item}`).join('') + '\n0 Back 00 Home';
menu.startState({
  run: () => menu.con(list('MamaCare', ['Danger signs', 'Mother: my care', 'Clinics and hospitals', 'Pharmacies', 'Language', 'Help'])),
  next: { 3: 'clinics', 5: 'language' },
});
menu.state('language', {
  run: () => menu.con(list('Choose your language', ['English', 'Krio'])),
  next: { '*\\d+': 'language.set' },
});
menu.state('language.set', {
  run: () => menu.session.set('language', menu.val).then(() => menu.con(list('MamaCare', ['Danger signs', 'Mother: my care', 'Clinics and hospitals']))),
  next: { 3: 'clinics' },
});
menu.state('clinics', {
  run: () => menu.con(list('Choose district', ['Bo', 'Bombali', 'Bonthe', 'Falaba', 'Kailahun', 'Kambia', 'Karene', 'Kenema'])),
  next: { '*\\d+': 'clinics.service' },
});
menu.state('clinics.service', {
  run: () => menu.session.set('district', menu.val).then(() => menu.con(list('What do you need?', ['Birth', 'Blood', 'Ambulance', 'Any']))),
  next: { '*\\d+': 'clinics.list' },
});
menu.state('clinics.list', {
  run: () => menu.session.get('district').then(() => menu.con(list('Clinics', ['Bo Government Hospital', 'Gerihun CHC', 'Koribondo CHC']))),
  next: { '*\\d+': 'clinics.one' },
});
menu.state('clinics.one', { run: () => menu.end('Bo Government Hospital, Bo') });

const app = express();
app.use(express.urlencoded({ extended: false }));
app.post('/ussd', (request, response) => menu.run(request.body, (screen) => response.type('text').send(screen)));
app.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
