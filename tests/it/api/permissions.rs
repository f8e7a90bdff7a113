//! Every route × every role. The table below is the whole list: a route that it lacks fails the
//! test, and so does one that the table has and the API does not.

use std::collections::BTreeMap;

use serde_json::json;

use super::world::World;

/// Who may call what: `*` is anybody, else the first letters of administrator, hospital,
/// professional, pharmacy (`x`) and patient (`o`, for her own).
const TABLE: &str = include_str!("permissions.txt");

/// The roles of a line of the table.
fn table() -> BTreeMap<(String, String), String> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut parts = line.split_whitespace();
            let mut next = || parts.next().unwrap().to_owned();
            let (roles, method, path) = (next(), next(), next());
            ((method, path), roles)
        })
        .collect()
}

fn letters(route: &mamacare::api::Listed) -> String {
    route.permission.map_or_else(
        || "*".to_owned(),
        |permission| {
            let letter = |role: &mamacare::identity::Role| match role.word() {
                "pharmacy" => 'x',
                "patient" => 'o',
                word => word.chars().next().unwrap(),
            };
            permission.roles().iter().map(letter).collect()
        },
    )
}

#[test]
fn the_table_lists_every_route_and_no_other() {
    let listed: BTreeMap<(String, String), String> = mamacare::api::listed()
        .iter()
        .map(|route| ((route.method.to_owned(), route.path.to_owned()), letters(route)))
        .collect();
    let table = table();
    let differing: Vec<String> = listed
        .iter()
        .filter(|(route, roles)| table.get(*route) != Some(roles))
        .map(|((method, path), roles)| format!("{roles} {method} {path}"))
        .collect();
    assert!(differing.is_empty(), "not so in tests/it/api/permissions.txt:\n{}", differing.join("\n"));
    let gone: Vec<_> = table.keys().filter(|route| !listed.contains_key(route)).collect();
    assert!(gone.is_empty(), "in the table alone: {gone:?}");
}

#[tokio::test]
async fn each_route_lets_in_whom_the_table_says_and_nobody_else() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let phone = "+23276000001";
    world.patient(&nurse, "Aminata", Some(phone)).await;
    world.chosen_pin(phone, "480625").await;
    let ends_sign_ins = ["/api/logout", "/api/logout-everywhere"];
    let mut tokens = Vec::new();
    for (letter, name) in [('a', "admin"), ('h', "hospital"), ('p', "nurse"), ('x', "pharmacy")] {
        tokens.push((letter, world.sign_in(name).await));
    }
    tokens.push(('o', world.patient_sign_in(phone, "480625").await));
    let mut wrong = Vec::new();
    for ((method, path), roles) in table() {
        let address = path
            .replace("{number}", "1")
            .replace("{email}", "nobody@mamacare.example")
            .replace("{kind}", "other")
            .replace("{code}", "AAAAAAAAAA")
            .replace("{id}", "00000000-0000-7000-8000-000000000000")
            .replace("{user_id}", "00000000-0000-7000-8000-000000000000")
            .replace("{document}", "00000000-0000-7000-8000-000000000000")
            .replace("{file}", "a.png")
            .replace("{pin}", "123456");
        if ends_sign_ins.contains(&path.as_str()) {
            let told = world.call(&method, &address, None, None).await;
            assert_eq!(told.status, 401, "{method} {path}");
            continue;
        }
        // An empty object is refused by whatever takes a body, so that nothing changes.
        let body = (method != "GET" && method != "DELETE").then(|| json!({"no such field": 1}));
        let anonymous = world.call(&method, &address, None, body.clone()).await.status.as_u16();
        if (roles == "*") != (anonymous != 401) && !(roles == "*" && path == "/api/token/refresh") {
            wrong.push(format!("nobody: {method} {path} answers {anonymous}, and the table says {roles}"));
        }
        for (letter, token) in &tokens {
            let told = world.call(&method, &address, Some(token), body.clone()).await;
            let status = told.status.as_u16();
            let kind = told.body["detail"].as_str().unwrap_or_default();
            let refused = status == 401 || (status == 403 && kind.contains("your role"));
            let may = roles == "*" || roles.contains(*letter);
            if may == refused || status >= 500 {
                wrong.push(format!("{letter}: {method} {path} answers {status}, and the table says {roles}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
