//! A patient: her registration, PIN and profile, and what staff write about her.

use serde_json::{Value, json};

use super::{Story, has};

const PHONE: &str = "+23276000001";

pub async fn herself(story: &Story) {
    let form = json!({
        "email": "aminata@mamacare.example", "name": "Aminata Example", "given_name": "Aminata",
        "middle_name": "M", "family_name": "Example", "gender": "Female", "date_of_birth": "1998-04-12",
        "phone": PHONE, "address_line": "1 Example Road", "city": "Bo", "state": "Bo", "country": "Sierra Leone",
        "postal_code": "0000", "marital_status": "married", "language": "sw", "nationality": "Sierra Leonean",
        "blood_type": "O+", "allergies": ["penicillin", "dust"], "medications": "folic_acid",
        "emergency_contact_name": "B. Example", "emergency_contact_phone": "+23276000060",
        "emergency_contact_relationship": "sibling", "pregnancy_status": "pregnant", "previous_pregnancies": 1,
        "lmp_date": "2026-06-01", "multiple_pregnancy": "no", "risk_level": "low", "risk_factors": ["age"],
        "blood_pressure": "110/70", "hemoglobin": 11.5, "blood_sugar": 90, "weight": 62.5,
        "prenatal_vitamins": "yes", "pregnancy_complications": "", "emergency_hospital": "First Hospital",
        "birth_plan": "At the hospital", "consent": true
    });
    let told = story.call("POST", "/api/patient/register", None, Some(form), 202).await;
    assert_eq!((told["due_date"].as_str(), told["gestational_age"].as_i64()), (Some("2027-03-08"), Some(25)));
    let recovery = json!({"phone": PHONE});
    story.call("POST", "/api/patient/pin-recovery", None, Some(recovery), 200).await;
    let unknown = json!({"phone": "+23276999999"});
    story.call("POST", "/api/patient/pin-recovery", None, Some(unknown), 200).await;
    let texts = story.world.messages().await;
    let sent = texts.iter().rev().find_map(|text| text.split("PIN is ").nth(1)).unwrap();
    let sent = sent.split('.').next().unwrap();
    let reset = json!({"phone": PHONE, "pin": sent, "new_pin": "480625"});
    story.call("POST", "/api/patient/reset-pin", None, Some(reset), 200).await;
    let login = json!({"phone": PHONE, "pin": "480625"});
    let mut profile = story.call("POST", "/api/patient/profile", None, Some(login.clone()), 200).await;
    has(
        &profile,
        "id,name,email,phone,gender,date_of_birth,address_line,city,state,postal_code,country,blood_type,\
         allergies,medications,emergency_contact_name,emergency_contact_phone,\
         emergency_contact_relationship,marital_status,language,nationality,fhir_id,pregnancy_status,\
         previous_pregnancies,lmp_date,due_date,gestational_age,multiple_pregnancy,risk_level,risk_factors,\
         blood_pressure,hemoglobin,blood_sugar,weight,prenatal_vitamins,pregnancy_complications,\
         emergency_hospital,birth_plan",
    );
    assert_eq!(profile["blood_pressure"], Value::Null, "what staff measure is not told by her");
    // The old page sends the whole profile back, with her PIN in it.
    profile["pin"] = "480625".into();
    profile["city"] = "Kenema".into();
    profile["due_date"] = "2027-01-01".into();
    profile["language"] = "kri".into();
    let changed = story.call("PUT", "/api/patient/profile", None, Some(profile), 200).await;
    assert_eq!((changed["city"].as_str(), changed["language"].as_str()), (Some("Kenema"), Some("kri")));
    assert_eq!(changed["due_date"], "2027-03-08", "it is reckoned, not written");
    let bad = json!({"phone": PHONE, "pin": "480625", "role": "administrator"});
    story.world.call("PUT", "/api/patient/profile", None, Some(bad)).await.expect(400);
    let mobile = story.call("POST", "/api/mobile/auth", None, Some(login), 200).await;
    has(&mobile, "token,user_id,name,email");
    let token = mobile["token"].as_str().unwrap();
    // The mobile client sends the token without its scheme.
    let bare = [("authorization", token)];
    let told = story.world.ask("GET", "/api/mobile/profile", None, None, &bare).await;
    let profile = story.expect("GET", "/api/mobile/profile", told, 200);
    has(
        &profile,
        "id,name,email,phone,gender,date_of_birth,blood_type,allergies,medications,marital_status,language,\
         nationality,emergency_contact,pregnancy_info",
    );
    has(&profile["emergency_contact"], "name,phone,relationship");
    has(
        &profile["pregnancy_info"],
        "status,previous_pregnancies,lmp_date,due_date,gestational_age,multiple_pregnancy,risk_level,\
         risk_factors,blood_pressure,hemoglobin,blood_sugar,weight,prenatal_vitamins,complications,\
         emergency_hospital,birth_plan",
    );
    story.call("GET", "/api/mobile/medical-records", Some(token), None, 200).await;
    story.call("GET", "/api/patient/profile", Some(token), None, 200).await;
    story.call("GET", "/api/patient/medical-records", Some(token), None, 200).await;
    story.call("GET", "/api/patient/birth-records", Some(token), None, 200).await;
}

pub async fn clinical(story: &Story) {
    let nurse = story.world.sign_in("nurse").await;
    let nurse = nurse.as_str();
    let phone = "+23276000002";
    let id = story.world.patient(nurse, "Fatmata", Some(phone)).await;
    story.world.chosen_pin(phone, "480625").await;
    let own = story.world.patient_sign_in(phone, "480625").await;
    let record = json!({
        "patient_id": id, "date": "2026-11-20", "diagnosis": "Swollen feet", "treatment": "Rest",
        "medication": "none", "doctor": "D. Example", "hospital": "First Hospital"
    });
    let made = story.call("POST", "/api/patient/medical-records", Some(nurse), Some(record), 201).await;
    has(&made, "id,date,diagnosis,treatment,medication,doctor,hospital");
    let seen = story.call("GET", "/api/patient/medical-records", Some(&own), None, 200).await;
    assert_eq!(seen[0]["treatment"], "Rest");
    assert_eq!(seen[0]["hospital"], "First Hospital");
    let path = format!("/api/patient/medical-records/{}?patient_id={id}", made["id"]);
    story.world.call("DELETE", &path, None, None).await.expect(401);
    let other = story.world.sign_in("other-nurse").await;
    story.world.call("DELETE", &path, Some(&other), None).await.expect(403);
    story.call("DELETE", &path, Some(nurse), None, 200).await;
    assert_eq!(story.call("GET", "/api/patient/medical-records", Some(&own), None, 200).await, json!([]));
    let birth = json!({
        "patient_id": id, "date_of_birth": "2026-11-21", "baby_gender": "Female", "birth_type": "Vaginal",
        "birth_location": "First Hospital", "notes": ""
    });
    let made = story.call("POST", "/api/patient/birth-records", Some(nurse), Some(birth), 201).await;
    has(&made, "message,birth_record_id");
    let path = format!("/api/patient/birth-records/{}", made["birth_record_id"]);
    let change = json!({"patient_id": id, "birth_type": "Cesarean"});
    story.call("PUT", &path, Some(nurse), Some(change), 200).await;
    let seen = story.call("GET", "/api/patient/birth-records", Some(&own), None, 200).await;
    has(&seen[0], "id,patient_id,baby_gender,date_of_birth,birth_type,birth_location,notes,created_at");
    assert_eq!(seen[0]["birth_type"], "Cesarean");
    let admin = story.world.sign_in("admin").await;
    let stats = story.call("GET", "/api/admin/birth-records/stats", Some(&admin), None, 200).await;
    let expected = json!({"total_births": 1, "male_births": 0, "female_births": 1, "other_births": 0});
    assert_eq!(stats, expected);
    story.call("DELETE", &format!("{path}?patient_id={id}"), Some(nurse), None, 200).await;
    let feedback = json!({
        "patient_name": "Fatmata Example", "feedback_notes": "Both well", "referral_source": "PresTrack",
        "doctor_name": "D. Example", "doctor_phone": "+23276000050", "doctor_affiliation": "First Hospital"
    });
    let made = story.call("POST", "/api/referral-feedback", Some(nurse), Some(feedback), 201).await;
    has(&made, "message,feedback_id,sms_sent,timestamp");
    let listed = story.call("GET", "/api/referral-feedback?limit=10", Some(nurse), None, 200).await;
    has(
        &listed[0],
        "id,patient_name,referral_source,feedback_notes,doctor_name,doctor_phone,doctor_affiliation,\
         sms_sent,created_at",
    );
    let path = format!("/api/referral-feedback/{}", made["feedback_id"].as_str().unwrap());
    story.call("GET", &path, Some(nurse), None, 200).await;
    story.world.call("GET", &path, Some(&other), None).await.expect(404);
}
