//! SVG: one picture a flow below each other, that of all flows first.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::super::model::{FlowId, Menu};
use super::graph::{Arrow, Node, Picture, Shape, flows_in_order, of_flow, of_flows};
use super::layout::{Placed, Spot, place, real};

const HEAD: f64 = 40.0;

/// A menu as SVG: how flows lead to each other, then each flow; or one flow alone.
pub fn svg(menu: &Menu, only: Option<FlowId>) -> String {
    let pictures: Vec<Picture> = match only {
        Some(flow) => vec![of_flow(menu, flow)],
        None => std::iter::once(of_flows(menu))
            .chain(flows_in_order(menu).into_iter().map(|flow| of_flow(menu, flow)))
            .collect(),
    };
    let placed: Vec<Placed> = pictures.iter().map(place).collect();
    let width = placed.iter().map(|placed| placed.width).fold(320.0, f64::max);
    let height: f64 = placed.iter().map(|placed| placed.height + HEAD).sum::<f64>() + 20.0;
    let mut out = String::new();
    let _ = write!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="11.5">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#5b6472"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
"##
    );
    let mut top = 0.0;
    for (picture, placed) in pictures.iter().zip(&placed) {
        let id = escaped(&picture.title);
        let _ = writeln!(
            out,
            r##"<g id="{id}" transform="translate(0 {top:.0})"><text x="24" y="28" font-size="17" font-weight="700" fill="#1c2430">{id}</text><g transform="translate(0 {HEAD:.0})">"##
        );
        draw(picture, placed, &mut out);
        out.push_str("</g></g>\n");
        top += placed.height + HEAD;
    }
    out.push_str("</svg>\n");
    out
}

fn draw(picture: &Picture, placed: &Placed, out: &mut String) {
    let spot = |at: usize| placed.spots.get(at).copied().unwrap_or_default();
    let mut labels = String::new();
    for arrow in &picture.arrows {
        // Arrows leave a box in the order of what they lead to, so that they cross less.
        let mut beside: Vec<&Arrow> =
            picture.arrows.iter().filter(|other| other.from == arrow.from).collect();
        beside.sort_by(|one, other| spot(one.to).x.total_cmp(&spot(other.to).x));
        let nth = beside.iter().position(|other| *other == arrow).unwrap_or(0);
        let share = (real(nth) + 1.0) / (real(beside.len()) + 1.0) - 0.5;
        line(arrow, spot(arrow.from), spot(arrow.to), share, out, &mut labels);
    }
    for (at, node) in picture.nodes.iter().enumerate() {
        boxed(node, spot(at), out);
    }
    out.push_str(&labels);
}

/// An arrow: down to the next layers, dashed where it goes back up, at the side to a neighbour.
fn line(arrow: &Arrow, from: Spot, to: Spot, share: f64, out: &mut String, labels: &mut String) {
    let start_x = from.x + share * from.width * 0.8;
    let (start_y, end_x, end_y, look) = match to.layer.cmp(&from.layer) {
        Ordering::Greater => {
            (from.y + from.height, to.x + share * to.width * 0.3, to.y - 2.0, r##"stroke="#8a93a3""##)
        }
        Ordering::Less => {
            let look = r##"stroke="#c08a3e" stroke-dasharray="5 3""##;
            (from.y, to.x + share * to.width * 0.8, to.y + to.height + 2.0, look)
        }
        Ordering::Equal => return beside(arrow, from, to, out, labels),
    };
    let bend = (end_y - start_y) * 0.5;
    let _ = writeln!(
        out,
        r#"<path d="M{start_x:.1} {start_y:.1}C{start_x:.1} {:.1} {end_x:.1} {:.1} {end_x:.1} {end_y:.1}" fill="none" {look} marker-end="url(#tip)"/>"#,
        start_y + bend,
        end_y - bend
    );
    // Near what it leads to, where the arrows of one box have parted.
    let (x, y) = if to.layer > from.layer {
        (end_x + (start_x - end_x) * 0.12 / real(to.layer - from.layer), end_y - 15.0)
    } else {
        (start_x + (end_x - start_x) * 0.1, start_y - 15.0)
    };
    label(&arrow.label, x, y, labels);
}

/// An arrow within a layer, or from a box to itself.
fn beside(arrow: &Arrow, from: Spot, to: Spot, out: &mut String, labels: &mut String) {
    let side = if to.x >= from.x { 1.0 } else { -1.0 };
    let own = arrow.from == arrow.to;
    let (start_x, start_y) = (from.x + side * from.width / 2.0, from.y + from.height / 2.0);
    let (end_x, end_y) = if own {
        (start_x, start_y + 10.0)
    } else {
        (to.x - side * (to.width / 2.0 + 2.0), to.y + to.height / 2.0)
    };
    // A neighbour is reached straight; others below the boxes between.
    let near = (end_x - start_x).abs() < 60.0 && !own;
    let sag = if near { 0.0 } else { 46.0 };
    let reach = if own { 40.0 } else { (end_x - start_x).abs().min(80.0) * 0.6 };
    let back = if own { reach } else { -reach };
    let _ = writeln!(
        out,
        r##"<path d="M{start_x:.1} {start_y:.1}C{:.1} {:.1} {:.1} {:.1} {end_x:.1} {end_y:.1}" fill="none" stroke="#8a93a3" marker-end="url(#tip)"/>"##,
        start_x + side * reach,
        start_y + sag,
        end_x + side * back,
        end_y + sag
    );
    label(
        &arrow.label,
        f64::midpoint(start_x, end_x) + if own { 30.0 } else { 0.0 },
        start_y + sag * 0.72,
        labels,
    );
}

fn label(text: &str, x: f64, y: f64, labels: &mut String) {
    if text.is_empty() {
        return;
    }
    let width = real(text.chars().count()) * 5.6 + 6.0;
    let _ = writeln!(
        labels,
        r##"<rect x="{:.1}" y="{:.1}" width="{width:.1}" height="13" rx="3" fill="#fff" fill-opacity="0.9"/><text x="{x:.1}" y="{:.1}" text-anchor="middle" font-size="10" fill="#3d4654">{}</text>"##,
        x - width / 2.0,
        y - 7.0,
        y + 3.0,
        escaped(text)
    );
}

fn boxed(node: &Node, spot: Spot, out: &mut String) {
    let (fill, stroke, round) = match node.shape {
        Shape::Menu => ("#e3f0ff", "#2f6fb3", 6.0),
        Shape::List => ("#e2f5ec", "#22805a", 6.0),
        Shape::Input => ("#fff3d6", "#a87512", 6.0),
        Shape::Text => ("#f2f4f7", "#5b6472", 6.0),
        Shape::Branch => ("#f4e9ff", "#7a46b0", 16.0),
        Shape::Action => ("#ffe6e1", "#b8432f", 2.0),
        Shape::Call => ("#e6e9ff", "#4651b0", 2.0),
        Shape::End => ("#dfe3ea", "#3d4654", 16.0),
        Shape::Away => ("#ffffff", "#8a93a3", 16.0),
        Shape::Flow => ("#e3f0ff", "#2f6fb3", 10.0),
    };
    let dashed = if node.shape == Shape::Away { r#" stroke-dasharray="4 3""# } else { "" };
    let link = match node.shape {
        Shape::Flow => Some(node.name.clone()),
        Shape::Away => {
            node.name.split(['.', ' ']).next().filter(|_| node.name.contains(['.', ' '])).map(str::to_owned)
        }
        _ => None,
    };
    if let Some(flow) = &link {
        let _ = write!(out, r##"<a href="#{}">"##, escaped(flow));
    }
    let _ = write!(
        out,
        r##"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="{round}" fill="{fill}" stroke="{stroke}"{dashed}/><text x="{:.1}" y="{:.1}" text-anchor="middle" font-weight="600" fill="#1c2430">{}</text>"##,
        spot.x - spot.width / 2.0,
        spot.y,
        spot.width,
        spot.height,
        spot.x,
        spot.y + 19.0,
        escaped(&node.name)
    );
    for (at, line) in node.lines.iter().enumerate() {
        let _ = write!(
            out,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="#4a5362">{}</text>"##,
            spot.x,
            spot.y + 36.0 + 17.0 * real(at),
            escaped(line)
        );
    }
    if let Some(guard) = node.guard {
        let _ = write!(
            out,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="end" font-size="9" font-weight="600" fill="#b8432f">{guard}</text>"##,
            spot.x + spot.width / 2.0 - 4.0,
            spot.y - 3.0
        );
    }
    out.push_str(if link.is_some() { "</a>\n" } else { "\n" });
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
