//! Places boxes in layers: what a box leads to stands below it, with few arrows crossing.

use std::collections::VecDeque;

use super::graph::{Node, Picture};

/// Least blank between boxes of a layer.
const GAP: f64 = 28.0;
/// Blank between layers.
const BETWEEN: f64 = 60.0;
/// A layer wider than this goes on in rows below.
const WIDEST: f64 = 1500.0;
/// Blank around a picture.
const MARGIN: f64 = 24.0;

/// A placed box.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spot {
    /// Its middle.
    pub(super) x: f64,
    /// Its upper edge.
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) layer: usize,
}

/// A placed picture.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) spots: Vec<Spot>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Places the boxes of a picture; the first is at the top.
pub(super) fn place(picture: &Picture) -> Placed {
    let widths: Vec<f64> = picture.nodes.iter().map(width).collect();
    let layers_of = broken(&layers(picture), &widths);
    let count = layers_of.iter().max().map_or(0, |last| last + 1);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (node, &layer) in layers_of.iter().enumerate() {
        if let Some(layer) = layers.get_mut(layer) {
            layer.push(node);
        }
    }
    let mut spots: Vec<Spot> = picture
        .nodes
        .iter()
        .zip(&layers_of)
        .map(|(node, &layer)| Spot { x: 0.0, y: 0.0, width: width(node), height: height(node), layer })
        .collect();
    let mut top = MARGIN;
    for layer in &layers {
        let of = |node: &usize| spots.get(*node).map_or(0.0, |spot| spot.height);
        let tallest = layer.iter().map(of).fold(0.0, f64::max);
        for &node in layer {
            if let Some(spot) = spots.get_mut(node) {
                spot.y = top;
            }
        }
        top += tallest + BETWEEN;
    }
    for layer in &layers {
        spread(layer, &mut spots);
    }
    for round in 0..8 {
        let downward = round % 2 == 0;
        let order: Vec<usize> = if downward { (0..count).collect() } else { (0..count).rev().collect() };
        for at in order {
            if let Some(layer) = layers.get_mut(at) {
                pull(picture, layer, at, downward, &mut spots);
            }
        }
    }
    fit(spots, top - BETWEEN + MARGIN)
}

fn width(node: &Node) -> f64 {
    let lines = node.lines.iter().chain([&node.name]);
    let letters = lines.map(|line| line.chars().count()).max().unwrap_or(0);
    (real(letters) * 6.7 + 22.0).max(64.0)
}

fn height(node: &Node) -> f64 {
    31.0 + 17.0 * real(node.lines.len())
}

/// Breaks layers that are too wide into rows.
fn broken(layers: &[usize], widths: &[f64]) -> Vec<usize> {
    let last = layers.iter().max().copied().unwrap_or(0);
    let mut rows = vec![0; layers.len()];
    let mut row = 0;
    for layer in 0..=last {
        let mut used = 0.0;
        for (node, _) in layers.iter().enumerate().filter(|(_, own)| **own == layer) {
            let width = widths.get(node).copied().unwrap_or_default() + GAP;
            if used > 0.0 && used + width > WIDEST {
                row += 1;
                used = 0.0;
            }
            used += width;
            if let Some(slot) = rows.get_mut(node) {
                *slot = row;
            }
        }
        row += 1;
    }
    rows
}

/// The layer of each box: how many steps from the first.
fn layers(picture: &Picture) -> Vec<usize> {
    let mut layers: Vec<Option<usize>> = vec![None; picture.nodes.len()];
    let mut waiting: VecDeque<usize> = VecDeque::new();
    for root in 0..picture.nodes.len() {
        if layers.get(root).copied().flatten().is_some() {
            continue;
        }
        // What nothing leads to from above begins at the top.
        let is_entry =
            root == 0 || !picture.arrows.iter().any(|arrow| arrow.to == root && arrow.from != root);
        if !is_entry {
            continue;
        }
        set(&mut layers, root, 0);
        waiting.push_back(root);
        while let Some(node) = waiting.pop_front() {
            let below = layers.get(node).copied().flatten().unwrap_or(0) + 1;
            for arrow in picture.arrows.iter().filter(|arrow| arrow.from == node) {
                if layers.get(arrow.to).copied().flatten().is_none() {
                    set(&mut layers, arrow.to, below);
                    waiting.push_back(arrow.to);
                }
            }
        }
    }
    layers.into_iter().map(Option::unwrap_or_default).collect()
}

fn set(layers: &mut [Option<usize>], node: usize, layer: usize) {
    if let Some(slot) = layers.get_mut(node) {
        *slot = Some(layer);
    }
}

/// One after the other.
fn spread(layer: &[usize], spots: &mut [Spot]) {
    let mut x = 0.0;
    for &node in layer {
        if let Some(spot) = spots.get_mut(node) {
            spot.x = x + spot.width / 2.0;
            x += spot.width + GAP;
        }
    }
}

/// Pulls the boxes of a layer to the middle of those that they are linked with, and apart again.
fn pull(picture: &Picture, layer: &mut [usize], at: usize, downward: bool, spots: &mut [Spot]) {
    let wanted: Vec<(usize, f64)> = layer
        .iter()
        .map(|&node| {
            let linked =
                picture.arrows.iter().filter_map(|arrow| match (arrow.from == node, arrow.to == node) {
                    (true, false) => Some(arrow.to),
                    (false, true) => Some(arrow.from),
                    _ => None,
                });
            let beside: Vec<f64> = linked
                .filter_map(|other| spots.get(other))
                .filter(|spot| if downward { spot.layer < at } else { spot.layer > at })
                .map(|spot| spot.x)
                .collect();
            let here = spots.get(node).map_or(0.0, |spot| spot.x);
            let middle =
                if beside.is_empty() { here } else { beside.iter().sum::<f64>() / real(beside.len()) };
            (node, middle)
        })
        .collect();
    let middle = |node: usize| wanted.iter().find(|(known, _)| *known == node).map_or(0.0, |(_, x)| *x);
    layer.sort_by(|&one, &other| middle(one).total_cmp(&middle(other)));
    let mut edge = f64::NEG_INFINITY;
    let mut shift = 0.0;
    for &node in layer.iter() {
        if let Some(spot) = spots.get_mut(node) {
            let x = middle(node).max(edge + spot.width / 2.0);
            shift += x - middle(node);
            spot.x = x;
            edge = x + spot.width / 2.0 + GAP;
        }
    }
    // Pushing apart went to the right alone: the layer as a whole goes back half of it.
    let back = if layer.is_empty() { 0.0 } else { shift / real(layer.len()) };
    for &node in layer.iter() {
        if let Some(spot) = spots.get_mut(node) {
            spot.x -= back;
        }
    }
}

/// Moves all into the picture and measures it.
fn fit(mut spots: Vec<Spot>, height: f64) -> Placed {
    let left = spots.iter().map(|spot| spot.x - spot.width / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    for spot in &mut spots {
        spot.x += MARGIN - left;
    }
    let width = spots.iter().map(|spot| spot.x + spot.width / 2.0).fold(0.0, f64::max);
    Placed { spots, width: width + MARGIN + 60.0, height }
}

pub(super) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
