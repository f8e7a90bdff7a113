//! A small menu that passes without a remark.

pub(super) const ROOT: &str = r#"mamacare: 1
start: main.welcome
home: main.welcome
prove: {phone: register, pin: identify, consent: consent}
strikes: {limit: 3, go: main.help}
constants: {emergency: "117"}
languages:
  - {code: en, name: English, review: reviewed}
  - {code: kri, name: Krio, review: unreviewed, fallback: [en]}
  - {code: men, name: Mende, review: untranslated, fallback: [kri, en]}
"#;

pub(super) const ENGLISH: &str = r#"mamacare: 1
language: en
dates: {long: "{day} {month} {year}", short: "{day} {month}"}
months: [January, February, March, April, May, June, July, August, September, October, November, December]
weekdays: [Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday]
plural: one_other
standard:
  back: Back
  home: Home
  more: More
  previous: Previous
  leave: Thank you for calling.
  wrong_choice: Please choose a number shown.
  list_changed: The list has changed.
  wrong_digits: "Please type {{ min }} to {{ max }} digits."
  wrong_number: "Please type a number from {{ min }} to {{ max }}."
  wrong_date: Please type the date like 12/3/2026.
  date_out_of_range: That date is too early or too late.
  wrong_phone: Please type a phone number.
  wrong_name: Please type a name.
  wrong_text: "Please type at most {{ max }} letters."
  wrong_pin_form: A PIN has 4 to 6 digits.
  too_many_wrong: Let us stop here.
  timed_out: "Please dial {{ service_code }} again."
  lost_place: "Please dial {{ service_code }} again."
  busy: Please try again soon.
  apology: "Sorry. Code {{ reference }}"
"#;

pub(super) const MAIN: &str = r#"mamacare: 1
flow: main
start: welcome
states:
  welcome:
    say: {en: "MamaCare", kri: "MamaCare"}
    back: false
    menu:
      - {key: "1", say: {en: My record, kri: Mi rɛkɔd}, words: {en: [record]}, go: record.start}
      - {key: "2", say: {en: Weeks, kri: Wik}, go: weeks}
      - {key: "3", say: {en: Clinics, kri: Klinik}, go: district}
  help:
    say: {en: '{% include "help" %}', kri: '{% include "help" %}'}
    text: []
  weeks:
    say: {en: "How many weeks?", kri: "Ɔmɔs wik?"}
    input: {type: number, min: 1, max: 42, save: weeks, go: told}
  told:
    say: {en: "{{ input.weeks }} weeks", kri: "{{ input.weeks }} wik"}
    end: true
  district:
    say: {en: District, kri: Distrikt}
    list: {from: districts, item: "{{ item.name }}", save: district, go: clinics, empty: welcome}
  clinics:
    say: {en: Clinics, kri: Klinik}
    list:
      from: clinics
      with: {district: "{{ input.district }}"}
      item: {en: "{{ item.name }}, {{ item.town }}", kri: "{{ item.name }}, {{ item.town }}"}
      empty: welcome
"#;

pub(super) const RECORD: &str = r#"mamacare: 1
flow: record
requires: consent
start: start
states:
  start:
    use: [pregnancy]
    branch:
      - {when: pregnancy.active, go: weeks}
      - {otherwise: visits}
  weeks:
    use: [pregnancy]
    say:
      en: '{{ pregnancy.weeks }} {{ pregnancy.weeks | plural(one="week", other="weeks") }}, due {{ pregnancy.due | date(form="long") }}'
      kri: 'Wik {{ pregnancy.weeks }}'
    text: [{key: "1", say: {en: Visits, kri: Visit}, go: visits}]
  visits:
    use: [visits]
    say:
      en: |
        {% for visit in visits %}{{ visit.on | date }}: {{ visit.reason }}
        {% else %}None yet.
        {% endfor %}
      kri: "{{ visits | length }}"
    text: []
"#;

pub(super) const OTHERS: &str = r#"mamacare: 1
flow: identify
requires: phone
start: ask
states:
  ask:
    say: {en: "Your PIN?", kri: "Yu PIN?"}
    input: {type: pin, go: check}
  check:
    action:
      do: verify_pin
      on: {ok: return, must_change: return, wrong: wrong, locked: stop, expired: stop, none: stop, stopped: stop, busy: stop}
  wrong:
    say: {en: "Wrong. {{ outcome.left }} left.", kri: "{{ outcome.left }}"}
    input: {type: pin, go: check}
  stop:
    say: {en: "Try later.", kri: "Tray bak."}
    end: true
"#;

pub(super) const REGISTER: &str = r#"mamacare: 1
flow: register
start: ask
states:
  ask:
    say: {en: "Ask at your clinic.", kri: "Aks na klinik."}
    end: true
"#;

pub(super) const CONSENT: &str = r#"mamacare: 1
flow: consent
requires: pin
start: ask
states:
  ask:
    say: {en: "Agree?", kri: "Gri?"}
    menu:
      - {key: "1", say: {en: "Yes", kri: "Yɛs"}, go: agree}
      - {key: "2", say: {en: "No", kri: "Nɔ"}, go: leave}
  agree:
    action: {do: give_consent, with: {purpose: care}, on: {ok: return}}
"#;

pub(super) const SHARED: &str = r#"mamacare: 1
fragments:
  help: {en: "Call {{ const.emergency }}.", kri: "Kɔl {{ const.emergency }}."}
"#;

pub(super) const MESSAGES: &str = r#"mamacare: 1
messages:
  pin_issued: {sees: [pin], en: "Your PIN is {{ pin }}.", kri: "Yu PIN na {{ pin }}."}
"#;
