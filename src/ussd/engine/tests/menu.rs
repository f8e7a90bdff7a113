//! A small menu, with what the engine must get right.

pub(super) const FILES: [(&str, &str); 5] = [
    (
        "mamacare.yaml",
        r#"
mamacare: 1
start: main.welcome
home: main.home
resume: main.resume
prove: {phone: register, pin: identify, consent: consent}
strikes: {limit: 3}
keys: {back: "0", home: "00", more: "98", previous: "99", leave: "999"}
constants: {emergency: "117"}
languages:
  - {code: en, name: English, review: reviewed}
"#,
    ),
    (
        "languages/en.yaml",
        r"
mamacare: 1
language: en
dates: {long: '{day} {month} {year}', short: '{day} {month}'}
months: [January, February, March, April, May, June, July, August, September, October, November, December]
weekdays: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]
plural: one_other
standard:
  back: Back
  home: Home
  more: More
  previous: Previous
  leave: Thank you for calling.
  wrong_choice: Please choose a number.
  list_changed: The list has changed.
  wrong_digits: 'Please type {{ min }} to {{ max }} digits.'
  wrong_number: 'Please type a number from {{ min }} to {{ max }}.'
  wrong_date: Please type a date.
  date_out_of_range: That date cannot be right.
  wrong_phone: Please type a phone number.
  wrong_name: Please type a name.
  wrong_text: 'Please type at most {{ max }} letters.'
  wrong_pin_form: A PIN has 4 to 6 digits.
  too_many_wrong: Please ask at your clinic. Goodbye.
  timed_out: 'Please dial {{ service_code }} again.'
  lost_place: 'We lost our place. Please dial {{ service_code }} again.'
  busy: Please try again in a minute.
  apology: 'Sorry, please try again. Reference {{ reference }}'
",
    ),
    (
        "main.yaml",
        r#"
mamacare: 1
flow: main
start: welcome
states:
  welcome:
    branch:
      - {when: "phone.people > 1", go: home}
      - {otherwise: home}
  home:
    say: {en: MamaCare}
    menu:
      - {key: "1", say: {en: Clinics}, go: district}
      - {key: "2", say: {en: My pregnancy}, go: pregnancy}
      - {key: "3", say: {en: Visits}, go: visits}
      - {key: "4", say: {en: Register}, words: {en: [join]}, go: weeks}
      - {key: "5", say: {en: Stop messages}, go: stop}
      - {key: "6", say: {en: Long text}, go: long}
  resume:
    say: {en: You were cut off.}
    back: false
    menu:
      - {key: "1", say: {en: Go on}, go: resume}
      - {key: "2", say: {en: Begin again}, go: home}
  district:
    call: {flow: choose, go: clinics}
  clinics:
    say: {en: Clinics}
    list: {from: clinics, with: {district: "{{ input.district }}"}, item: "{{ item.name }}", save: clinic, go: clinic, empty: none}
  clinic:
    say: {en: "{{ clinic.name }}, {{ clinic.phone }}"}
    use: [{from: clinic, with: {id: "{{ input.clinic }}"}}]
    text: []
  none:
    say: {en: None here.}
    text: []
  pregnancy:
    say: {en: "{{ pregnancy.weeks }} {{ pregnancy.weeks | plural(one='week', other='weeks') }}"}
    requires: consent
    use: [pregnancy]
    text: []
  visits:
    say: {en: Visits}
    requires: consent
    list: {from: visits, item: "{{ item.reason }}", save: visit, go: visit, empty: none}
  visit:
    say: {en: "{{ visit.reason }}"}
    requires: consent
    use: [{from: visit, with: {id: "{{ input.visit }}"}}]
    text: []
  weeks:
    say: {en: How many weeks?}
    input: {type: number, min: 1, max: 42, save: weeks, go: due}
  due:
    say: {en: "{{ input.weeks }} weeks. When is the visit?"}
    input: {type: date, from_days: 0, to_days: 300, save: due, go: thanks}
  thanks:
    say: {en: "See you {{ input.due | date }}."}
    end: true
  stop:
    action: {do: stop_messages, on: {ok: stopped}}
  stopped:
    say: {en: Stopped.}
    text: []
  long:
    say: {en: "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four twenty-five twenty-six twenty-seven twenty-eight twenty-nine thirty thirty-one thirty-two"}
    text: []
"#,
    ),
    (
        "choose.yaml",
        r#"
mamacare: 1
flow: choose
start: pick
states:
  pick:
    say: {en: District?}
    list: {from: districts, item: "{{ item.name }}", save: district, go: remember, empty: return}
  remember:
    action: {do: set_district, with: {district: "{{ input.district }}"}, on: {ok: return}}
"#,
    ),
    (
        "identify.yaml",
        r#"
mamacare: 1
flow: identify
requires: phone
start: who
states:
  who:
    branch:
      - {when: "phone.people > 1", go: person}
      - {otherwise: ask}
  person:
    say: {en: Who calls?}
    list: {from: people, item: "Person {{ item.number }}", save: person, go: choose, empty: ask}
  choose:
    action: {do: choose_person, with: {person: "{{ input.person }}"}, on: {ok: ask}}
  ask:
    say: {en: Your PIN?}
    input: {type: pin, go: check}
  check:
    action: {do: verify_pin, on: {ok: return, must_change: return, wrong: again, locked: locked, expired: locked, none: locked, stopped: locked, busy: locked}}
  again:
    say: {en: "Wrong PIN, {{ outcome.left }} tries left. Your PIN?"}
    input: {type: pin, go: check}
  locked:
    say: {en: Locked.}
    end: true
"#,
    ),
];

pub(super) const MORE: [(&str, &str); 2] = [
    (
        "register.yaml",
        "mamacare: 1\nflow: register\nstart: ask\nstates:\n  ask:\n    say: {en: You are new. Register?}\n    menu:\n      - {key: '1', say: {en: Later}, go: return}\n",
    ),
    (
        "consent.yaml",
        "mamacare: 1\nflow: consent\nstart: ask\nstates:\n  ask:\n    say: {en: May we show your record here?}\n    requires: pin\n    menu:\n      - {key: '1', say: {en: Yes}, go: give}\n      - {key: '2', say: {en: 'No'}, go: return}\n  give:\n    action: {do: give_consent, with: {purpose: care}, on: {ok: return}}\n",
    ),
];
