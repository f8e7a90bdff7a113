//! YAML with positions. Scalars stay as they were written (`00` is not a number), keys keep their
//! places, and size, depth and count are bounded. Anchors, aliases and tags are refused.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::report::{FileId, Finding, Place};

/// Levels of nesting; a flow has about seven.
const DEEPEST: usize = 24;

/// Nodes in one file.
const MOST_NODES: usize = 50_000;

/// A position: line from 1, column from 0 and index from 0, in characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) index: usize,
}

impl From<Marker> for Spot {
    fn from(marker: Marker) -> Self {
        Self { line: marker.line(), column: marker.col(), index: marker.index() }
    }
}

/// A scalar as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) file: FileId,
    pub(super) start: Spot,
    pub(super) end: Spot,
    /// Without quotes and not a block: could be meant as a number, a flag or nothing.
    pub(super) plain: bool,
}

impl Scalar {
    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        let length = if self.start.line == self.end.line {
            self.end.index.saturating_sub(self.start.index)
        } else {
            1
        };
        place(self.file, self.start, length)
    }

    /// Whether nothing was written.
    pub(super) fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null")
    }

    /// Where a stretch of the text (in octets of `text`) stands in the file: found by looking for
    /// it in what was written, since quotes and folding move characters.
    pub(super) fn place_of(&self, written: &str, start: usize, end: usize) -> Place {
        let Some(piece) = self.text.get(start..end).filter(|piece| !piece.is_empty()) else {
            return self.place();
        };
        let before = self.text.get(..start).unwrap_or_default();
        let earlier = before.matches(piece).count();
        let raw: String = written
            .chars()
            .skip(self.start.index)
            .take(self.end.index.saturating_sub(self.start.index))
            .collect();
        let Some((octet, _)) = raw.match_indices(piece).nth(earlier) else { return self.place() };
        let head = raw.get(..octet).unwrap_or_default();
        let line = self.start.line + head.matches('\n').count();
        let column = match head.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.start.column + head.chars().count(),
        };
        let length = piece.lines().next().unwrap_or_default().chars().count();
        place(self.file, Spot { line, column, index: 0 }, length)
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Scalar(Scalar),
    List(Collection<Node>),
    Map(Collection<(Node, Node)>),
}

/// A list or a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Collection<Item> {
    pub(super) file: FileId,
    pub(super) start: Spot,
    pub(super) items: Vec<Item>,
}

impl Node {
    /// Where it begins.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Scalar(scalar) => scalar.place(),
            Self::List(Collection { file, start, .. }) | Self::Map(Collection { file, start, .. }) => {
                place(*file, *start, 1)
            }
        }
    }

    /// What it is, for "expected …, found …".
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) if scalar.is_null() => "nothing",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

fn place(file: FileId, spot: Spot, length: usize) -> Place {
    let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    Place { file, line: number(spot.line), column: number(spot.column + 1), length: number(length.max(1)) }
}

/// Reads one document. What is wrong goes to `findings`; a file that is no YAML gives none.
pub(super) fn read(file: FileId, text: &str, findings: &mut Vec<Finding>) -> Option<Node> {
    let mut builder = Builder { file, open: Vec::new(), root: None, nodes: 0 };
    let mut parser: Parser<'_, StrInput<'_>> = Parser::new_from_str(text);
    let mut documents = 0;
    loop {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break,
            Some(Err(error)) => {
                findings.push(syntax(file, text, (*error.marker()).into(), error.info()));
                return None;
            }
            Some(Ok((Event::DocumentStart(_), span))) => {
                documents += 1;
                if documents > 1 {
                    let at = place(file, span.start.into(), 3);
                    findings.push(
                        Finding::error("yaml", at, "a second document in one file")
                            .hint("write each flow in a file of its own"),
                    );
                    return None;
                }
            }
            Some(Ok((event, span))) => {
                if let Err(finding) = builder.take(event, span) {
                    findings.push(finding);
                    return None;
                }
            }
        }
    }
    let root = builder.root?;
    doubled_keys(&root, findings);
    Some(root)
}

struct Builder {
    file: FileId,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
}

enum Open {
    List(Collection<Node>),
    Map(Collection<(Node, Node)>, Option<Node>),
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Finding> {
        let here = place(self.file, span.start.into(), 1);
        let collection = |file| (file, Spot::from(span.start));
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                Self::refuse(anchor, tag.is_some(), here)?;
                let plain = style == ScalarStyle::Plain;
                let scalar = Scalar {
                    text: text.into_owned(),
                    file: self.file,
                    start: span.start.into(),
                    end: span.end.into(),
                    plain,
                };
                self.attach(Node::Scalar(scalar), here)
            }
            Event::SequenceStart(anchor, tag) => {
                Self::refuse(anchor, tag.is_some(), here)?;
                let (file, start) = collection(self.file);
                self.open(Open::List(Collection { file, start, items: Vec::new() }), here)
            }
            Event::MappingStart(anchor, tag) => {
                Self::refuse(anchor, tag.is_some(), here)?;
                let (file, start) = collection(self.file);
                self.open(Open::Map(Collection { file, start, items: Vec::new() }, None), here)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(list)) => self.attach(Node::List(list), here),
                Some(Open::Map(map, _)) => self.attach(Node::Map(map), here),
                None => Ok(()),
            },
            Event::Alias(_) => Err(Finding::error("yaml", here, "aliases are not part of the menu language")
                .hint("write a shared text in fragments.yaml and include it")),
            _ => Ok(()),
        }
    }

    fn refuse(anchor: usize, tagged: bool, here: Place) -> Result<(), Finding> {
        if anchor > 0 {
            return Err(Finding::error("yaml", here, "anchors are not part of the menu language")
                .hint("a text that begins with `&` or `*` goes in quotes"));
        }
        if tagged {
            return Err(Finding::error("yaml", here, "tags are not part of the menu language")
                .hint("a text that begins with `!` goes in quotes"));
        }
        Ok(())
    }

    fn open(&mut self, open: Open, here: Place) -> Result<(), Finding> {
        if self.open.len() >= DEEPEST {
            return Err(Finding::error("yaml", here, format!("nested more than {DEEPEST} levels deep")));
        }
        self.open.push(open);
        Ok(())
    }

    fn attach(&mut self, node: Node, here: Place) -> Result<(), Finding> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(Finding::error("yaml", here, format!("more than {MOST_NODES} values in one file"))
                .hint("split the flow"));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(list)) => list.items.push(node),
            Some(Open::Map(map, waiting)) => match waiting.take() {
                None => *waiting = Some(node),
                Some(key) => map.items.push((key, node)),
            },
        }
        Ok(())
    }
}

fn syntax(file: FileId, text: &str, spot: Spot, info: &str) -> Finding {
    let line = text.lines().nth(spot.line.saturating_sub(1)).unwrap_or_default();
    let finding = Finding::error("yaml", place(file, spot, 1), format!("not valid YAML: {info}"));
    if line.trim_start_matches(' ').starts_with('\t') {
        finding.hint("indent with blanks, not with tabs")
    } else if info.contains("quoted scalar") {
        finding
            .hint("within '…' write '' for a quote, within \"…\" write \\\", or use the other kind of quotes")
    } else if line.contains("{{") || line.contains("{%") {
        finding.hint("put a text with `{{` or `{%` in quotes")
    } else if line.matches(": ").count() > 1 || line.matches('"').count() % 2 == 1 {
        finding.hint("put a text with `: ` or a quote in it in quotes")
    } else {
        finding
    }
}

/// Tells keys that stand twice in one mapping.
fn doubled_keys(root: &Node, findings: &mut Vec<Finding>) {
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        match node {
            Node::Scalar(_) => {}
            Node::List(list) => waiting.extend(&list.items),
            Node::Map(map) => {
                let mut seen: std::collections::HashMap<&str, Place> = std::collections::HashMap::new();
                for (key, value) in &map.items {
                    if let Node::Scalar(scalar) = key
                        && let Some(first) = seen.insert(&scalar.text, scalar.place())
                    {
                        findings.push(
                            Finding::error(
                                "double-key",
                                scalar.place(),
                                format!("`{}` is written twice", scalar.text),
                            )
                            .note(first, "first here"),
                        );
                    }
                    waiting.push(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: FileId = FileId(0);

    fn good(text: &str) -> Node {
        let mut findings = Vec::new();
        let node = read(FILE, text, &mut findings);
        assert_eq!(findings, []);
        node.unwrap()
    }

    fn bad(text: &str) -> Finding {
        let mut findings = Vec::new();
        read(FILE, text, &mut findings);
        findings.into_iter().next().unwrap()
    }

    fn entry<'node>(node: &'node Node, name: &str) -> &'node Node {
        let Node::Map(map) = node else { panic!("no mapping: {node:?}") };
        let found =
            map.items.iter().find(|(key, _)| matches!(key, Node::Scalar(scalar) if scalar.text == name));
        &found.unwrap().1
    }

    #[test]
    fn scalars_stay_as_written_and_know_their_place() {
        let root = good("keys:\n  home: 00\n  back: \"0\"\n");
        let home = entry(entry(&root, "keys"), "home");
        let Node::Scalar(scalar) = home else { panic!() };
        assert_eq!((scalar.text.as_str(), scalar.plain), ("00", true));
        assert_eq!((home.place().line, home.place().column, home.place().length), (2, 9, 2));
    }

    #[test]
    fn a_stretch_of_a_text_is_found_in_the_file() {
        let text = "say: |\n  ɛ one\n  {{ me.nam }} and {{ me.nam }}\n";
        let root = good(text);
        let Node::Scalar(scalar) = entry(&root, "say") else { panic!() };
        let second = scalar.text.rfind("me.nam").unwrap();
        let at = scalar.place_of(text, second, second + 6);
        assert_eq!((at.line, at.column, at.length), (3, 23, 6));
        let text = r#"{say: "don\u0027t {{ me.nam }}"}"#;
        let root = good(text);
        let Node::Scalar(scalar) = entry(&root, "say") else { panic!() };
        let first = scalar.text.find("me.nam").unwrap();
        let at = scalar.place_of(text, first, first + 6);
        assert_eq!((at.line, at.column), (1, 22));
    }

    #[test]
    fn what_the_language_leaves_out_is_refused_with_a_hint() {
        assert!(bad("a: &x 1\nb: *x\n").message.contains("anchors"));
        assert!(bad("a: !x 1\n").message.contains("tags"));
        assert!(bad("a: 1\n---\nb: 2\n").message.contains("second document"));
        assert!(bad("a: 1\na: 2\n").message.contains("twice"));
        assert!(bad(&"[".repeat(100)).message.contains("deep"));
        assert!(bad("a:\n\tb: 1\n").hint.unwrap().contains("tabs"));
    }

    #[test]
    fn hostile_text_is_refused_quickly() {
        for piece in
            ["[", "{", "- ", "? ", "? - ", "{a: ", "'", "\"", "a: b: ", "&a ", "*a ", "|\n", "# \n", "\t"]
        {
            let text = piece.repeat(200_000 / piece.len());
            let started = std::time::Instant::now();
            read(FILE, &text, &mut Vec::new());
            let took = started.elapsed();
            assert!(took.as_secs() < 5, "{piece:?} took {took:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"(?s)[-a-z0-9:,\[\]{}&*!|>'"%@` \n\t#?~ɛ]{0,120}"#) {
            let mut findings = Vec::new();
            let root = read(FILE, &text, &mut findings);
            if let Some(root) = root {
                prop_assert!(root.place().line >= 1);
            }
        }
    }
}
