//! Mermaid text: pages that show it (a forge, an editor) draw it by themselves.

use std::fmt::Write as _;

use super::super::model::{FlowId, Menu};
use super::graph::{Arrow, Picture, Shape, flows_in_order, of_flow, of_flows};

/// A menu as Mermaid: how flows lead to each other, then each flow; or one flow alone.
pub fn mermaid(menu: &Menu, only: Option<FlowId>) -> String {
    let pictures: Vec<Picture> = match only {
        Some(flow) => vec![of_flow(menu, flow)],
        None => std::iter::once(of_flows(menu))
            .chain(flows_in_order(menu).into_iter().map(|flow| of_flow(menu, flow)))
            .collect(),
    };
    let mut out = String::new();
    for (at, picture) in pictures.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        // Several diagrams in one file are a Markdown page.
        if only.is_none() {
            let _ = writeln!(out, "## {}\n\n```mermaid", picture.title);
        }
        draw(picture, &mut out);
        if only.is_none() {
            out.push_str("```\n");
        }
    }
    out
}

fn draw(picture: &Picture, out: &mut String) {
    out.push_str("flowchart TD\n");
    for (at, node) in picture.nodes.iter().enumerate() {
        let mut label = escaped(&node.name);
        for line in &node.lines {
            let _ = write!(label, "<br/>{}", escaped(line));
        }
        if let Some(guard) = node.guard {
            let _ = write!(label, "<br/>[{guard}]");
        }
        let (open, close) = match node.shape {
            Shape::Branch => ("{\"", "\"}"),
            Shape::Action | Shape::Call => ("[[\"", "\"]]"),
            Shape::Input => ("[/\"", "\"/]"),
            Shape::End | Shape::Away => ("([\"", "\"])"),
            Shape::Menu | Shape::List | Shape::Text | Shape::Flow => ("[\"", "\"]"),
        };
        let _ = writeln!(out, "  n{at}{open}{label}{close}");
    }
    for Arrow { from, to, label } in &picture.arrows {
        if label.is_empty() {
            let _ = writeln!(out, "  n{from} --> n{to}");
        } else {
            let _ = writeln!(out, "  n{from} -->|\"{}\"| n{to}", escaped(label));
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "#quot;").replace('<', "&lt;").replace('>', "&gt;")
}
