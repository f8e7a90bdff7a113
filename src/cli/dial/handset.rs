//! What the phone shows: in a frame at a terminal, plainly elsewhere.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::text::Encoding;

use super::line::Screen;

/// Letters in a line of a basic phone's screen, about.
const WIDTH: usize = 30;

/// A handset: its screen is standard output, its keys are standard input.
pub(super) struct Handset {
    framed: bool,
    prompting: bool,
}

impl Handset {
    /// Framed where standard output is a terminal; asking where standard input is one.
    pub(super) fn of_process() -> Self {
        Self { framed: io::stdout().is_terminal(), prompting: io::stdin().is_terminal() }
    }

    pub(super) fn show(&mut self, screen: &Screen) {
        let text = if self.framed { framed(&screen.text) } else { format!("{}\n", screen.text) };
        // A reader that has gone away needs no screen.
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// What she types; `None` at the end of the input.
    pub(super) fn answer(&mut self) -> Option<String> {
        if self.prompting {
            let _ = write!(io::stdout(), "> ").and_then(|()| io::stdout().flush());
        }
        let mut typed = String::new();
        match io::stdin().lock().read_line(&mut typed) {
            Ok(0) | Err(_) => {
                if self.prompting {
                    let _ = writeln!(io::stdout());
                }
                None
            }
            Ok(_) => Some(typed.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }
}

/// The text in a frame, with what it costs of the network's 160 octets below.
fn framed(text: &str) -> String {
    let bar = "─".repeat(WIDTH + 2);
    let encoding = Encoding::of(text);
    let name = match encoding {
        Encoding::Gsm7 => "GSM-7",
        Encoding::Ucs2 => "UCS-2",
    };
    let cost = format!(" {} of {} {name} ", encoding.cost(text), encoding.budget());
    let rest = "─".repeat((WIDTH + 2).saturating_sub(cost.chars().count() + 1));
    let mut lines = vec![format!("┌{bar}┐")];
    lines.extend(text.lines().flat_map(wrapped).map(|line| {
        let blank = " ".repeat(WIDTH.saturating_sub(line.chars().count()));
        format!("│ {line}{blank} │")
    }));
    lines.push(format!("└{rest}{cost}─┘"));
    lines.join("\n")
}

/// A line broken between words where it is too long, inside a word only where that alone is.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = String::new();
    for word in line.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        let used = last.chars().count();
        if used > 0 && used + 1 + word.len() > WIDTH {
            lines.push(std::mem::take(&mut last));
        } else if used > 0 {
            last.push(' ');
        }
        while word.len() > WIDTH {
            lines.push(word.drain(..WIDTH).collect());
        }
        last.extend(word);
    }
    lines.push(last);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_fit() {
        let text =
            "Welcome to MamaCare, the health line for mothers\n1 My record\n\n".to_owned() + &"x".repeat(70);
        let frame = framed(&text);
        for line in frame.lines() {
            assert_eq!(line.chars().count(), WIDTH + 4, "{line}");
        }
        assert!(frame.contains("│ Welcome to MamaCare, the"), "{frame}");
        assert!(frame.contains(&format!("│ {} │", "x".repeat(WIDTH))), "{frame}");
        assert!(frame.contains("of 182 GSM-7"), "{frame}");
        assert!(framed("nɔ").contains("2 of 80 UCS-2"));
    }
}
