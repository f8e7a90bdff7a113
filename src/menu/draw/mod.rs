//! Draws a menu: Mermaid text, and SVG with one picture a flow and one of how flows lead to each
//! other.

mod graph;
mod layout;
mod mermaid;
mod svg;

pub use mermaid::mermaid;
pub use svg::svg;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::{FlowId, LoadOptions, Menu, STARTER, Sources, load};
    use crate::ussd::catalog::CATALOG;

    fn starter() -> Menu {
        load(&Sources::from_pairs(STARTER.iter().copied()), &CATALOG, &LoadOptions::default()).unwrap()
    }

    fn flow(menu: &Menu, name: &str) -> FlowId {
        let at = menu.flows.iter().position(|flow| flow.name == name).unwrap();
        FlowId(u16::try_from(at).unwrap())
    }

    #[test]
    fn a_flow_as_mermaid_has_every_step_with_its_reason() {
        let menu = starter();
        let drawn = mermaid(&menu, Some(flow(&menu, "pregnancy")));
        assert_eq!(
            drawn,
            "flowchart TD\n\
             \x20 n0{\"start<br/>[PIN, consent]\"}\n\
             \x20 n1[\"weeks<br/>You are … …. Your baby is due…<br/>[PIN, consent]\"]\n\
             \x20 n2[\"none<br/>We know of no pregnancy of yo…<br/>[PIN, consent]\"]\n\
             \x20 n0 -->|\"pregnancy.active\"| n1\n\
             \x20 n0 -->|\"otherwise\"| n2\n"
        );
        assert!(mermaid(&menu, None).contains("## identify"));
    }

    #[test]
    fn an_svg_shows_every_state_within_the_picture() {
        let menu = starter();
        let drawn = svg(&menu, None);
        for state in &menu.states {
            let (_, name) = state.name.split_once('.').unwrap();
            assert!(drawn.contains(&format!(">{name}</text>")), "{name} is missing");
        }
        let number = |text: &str, key: &str| -> f64 {
            let (_, rest) = text.split_once(&format!(" {key}=\"")).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let width = number(&drawn, "width");
        for piece in drawn.split("<rect").skip(2) {
            let (x, wide) = (number(piece, "x"), number(piece, "width"));
            assert!(x >= -30.0 && x + wide <= width + 30.0, "outside: {x} {wide}");
        }
        for tag in ["g", "a", "text", "svg"] {
            let opened = drawn.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, drawn.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn boxes_of_a_layer_do_not_overlap() {
        let menu = load(&Sources::from_embedded(), &CATALOG, &LoadOptions::default()).unwrap();
        for at in 0..menu.flows.len() {
            let picture = graph::of_flow(&menu, FlowId(u16::try_from(at).unwrap()));
            let placed = layout::place(&picture);
            for (one, other) in placed
                .spots
                .iter()
                .enumerate()
                .flat_map(|(at, one)| placed.spots.iter().skip(at + 1).map(move |other| (one, other)))
            {
                let apart = (one.x - other.x).abs() + 0.1 >= f64::midpoint(one.width, other.width);
                assert!(one.layer != other.layer || apart, "{}: {one:?} {other:?}", picture.title);
            }
        }
    }
}
