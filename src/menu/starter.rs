//! A small set of menus that works, to begin with.

/// Names and texts of its files.
pub const STARTER: &[(&str, &str)] = &[
    ("mamacare.yaml", include_str!("starter/mamacare.yaml")),
    ("main.yaml", include_str!("starter/main.yaml")),
    ("pregnancy.yaml", include_str!("starter/pregnancy.yaml")),
    ("identify.yaml", include_str!("starter/identify.yaml")),
    ("register.yaml", include_str!("starter/register.yaml")),
    ("consent.yaml", include_str!("starter/consent.yaml")),
    ("fragments.yaml", include_str!("starter/fragments.yaml")),
    ("messages.yaml", include_str!("starter/messages.yaml")),
    ("languages/en.yaml", include_str!("starter/languages/en.yaml")),
    ("tests/main.yaml", include_str!("starter/tests/main.yaml")),
];

/// The JSON Schema of all menu files, for editors.
pub const SCHEMA: &str = include_str!("../../menus/schema.json");
