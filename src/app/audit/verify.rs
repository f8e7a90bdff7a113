//! Whether the trail is as it was written.

use sqlx::{Connection, PgConnection};

use crate::privacy::{AuditHead, AuditLink, KeptHead, Keyring};
use crate::store::audit::{self, LinkedLine};

/// Links read at once.
const PAGE: u16 = 5000;

/// Breaks that are told; more are counted.
const MOST: u8 = 20;

/// What is wrong with the trail.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Break {
    /// The line of a link is not what was chained.
    #[error("link {position}: line {line} is not the line that was chained here: it was changed, or moved")]
    Changed {
        /// Position of the link.
        position: i64,
        /// Id of the line.
        line: i64,
    },
    /// The line of a link is gone.
    #[error("link {position}: line {line} was taken out")]
    LineGone {
        /// Position of the link.
        position: i64,
        /// Id of the line.
        line: i64,
    },
    /// Links are gone.
    #[error("links {from} to {to} were taken out")]
    LinksGone {
        /// First.
        from: i64,
        /// Last.
        to: i64,
    },
    /// A line that was never chained.
    #[error("line {line} has no link: it was put in behind the service's back, or its link was taken out")]
    Unlinked {
        /// Id of the line.
        line: i64,
    },
    /// Lines, and no head.
    #[error("there is no signed head: the chain was thrown away, or no node has run yet")]
    NoHead,
    /// A head that we did not sign.
    #[error("the head at link {position} was not signed with this master key")]
    HeadForged {
        /// Where it claims that the chain ends.
        position: i64,
    },
    /// The chain ends elsewhere than its head says.
    #[error("the chain ends at link {found}, and was signed up to link {signed}")]
    Cut {
        /// Last link.
        found: i64,
        /// What the head says.
        signed: i64,
    },
    /// The head in the file.
    #[error("the head in the file was not signed with this master key")]
    KeptForged,
    /// The chain is shorter than it was.
    #[error(
        "the chain ends at link {found}, and the head in the file stands at link {kept}: its end was taken out"
    )]
    KeptBeyond {
        /// Last link.
        found: i64,
        /// Position of the head in the file.
        kept: i64,
    },
    /// Another chain.
    #[error("link {position} is not the one in the file: the chain was made anew")]
    KeptDiffers {
        /// Position of the head in the file.
        position: i64,
    },
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Links that were looked at.
    pub links: i64,
    /// Lines that wait to be chained.
    pub waiting: i64,
    /// What is wrong, the first link first; a few of it where it is much.
    pub breaks: Vec<Break>,
    /// How many in all.
    pub count: usize,
}

impl Report {
    fn add(&mut self, found: Break) {
        self.count += 1;
        if self.breaks.len() < usize::from(MOST) {
            self.breaks.push(found);
        }
    }
}

/// Walks the whole chain as it stands at one moment. `kept` is a head that was kept elsewhere.
pub async fn verify(
    connection: &mut PgConnection,
    keys: &Keyring,
    kept: Option<&KeptHead>,
) -> Result<Report, sqlx::Error> {
    let mut work = connection.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *work).await?;
    let kept_opened = kept.and_then(|kept| kept.open(keys));
    let mut walk = Walk { keys, kept: kept_opened, at: 0, link: AuditLink::NONE, known: true };
    let mut report = Report::default();
    if kept.is_some() && kept_opened.is_none() {
        report.add(Break::KeptForged);
    }
    loop {
        let links = audit::links(&mut work, walk.at, i64::from(PAGE)).await?;
        for linked in &links {
            walk.step(linked, &mut report);
        }
        if links.len() < usize::from(PAGE) {
            break;
        }
    }
    let head = audit::head(&mut work).await?.and_then(|row| row.signed());
    let settled = head.map_or(0, |(head, _)| head.settled);
    let (strange, waiting) = audit::outside(&mut work, settled, i64::from(MOST)).await?;
    report.waiting = waiting;
    walk.end(head, &mut report);
    for line in strange {
        report.add(Break::Unlinked { line });
    }
    Ok(report)
}

/// The signed head of the chain, to be kept elsewhere.
pub async fn kept_head(
    connection: &mut PgConnection,
    keys: &Keyring,
) -> Result<Result<KeptHead, Break>, sqlx::Error> {
    let Some((head, seal)) = audit::head(connection).await?.and_then(|row| row.signed()) else {
        return Ok(Err(Break::NoHead));
    };
    let kept = KeptHead::of(&head, seal);
    Ok(kept.open(keys).map(|_| kept).ok_or(Break::HeadForged { position: head.position }))
}

struct Walk<'a> {
    keys: &'a Keyring,
    kept: Option<AuditHead>,
    /// Position of the last link that was seen, and the link as it is stored.
    at: i64,
    link: AuditLink,
    /// Whether that link is the one that the next was made from.
    known: bool,
}

impl Walk<'_> {
    fn step(&mut self, linked: &LinkedLine, report: &mut Report) {
        let LinkedLine { position, line_id, link, line } = linked;
        report.links += 1;
        if *position > self.at + 1 {
            report.add(Break::LinksGone { from: self.at + 1, to: position - 1 });
            self.known = false;
        }
        match line {
            None => report.add(Break::LineGone { position: *position, line: *line_id }),
            // What was made from a link that is gone cannot be looked at.
            Some(line) if self.known => {
                if AuditLink::after(self.link, *position, line, self.keys) != *link {
                    report.add(Break::Changed { position: *position, line: *line_id });
                }
            }
            Some(_) => {}
        }
        if self.kept.is_some_and(|kept| kept.position == *position && kept.link != *link) {
            report.add(Break::KeptDiffers { position: *position });
        }
        (self.at, self.link, self.known) = (*position, *link, true);
    }

    fn end(&self, head: Option<(AuditHead, [u8; 32])>, report: &mut Report) {
        match head {
            None if report.links > 0 || report.waiting > 0 => report.add(Break::NoHead),
            None => {}
            Some((head, seal)) => {
                if head.seal(self.keys) != seal {
                    report.add(Break::HeadForged { position: head.position });
                } else if head.position != self.at || head.link != self.link {
                    report.add(Break::Cut { found: self.at, signed: head.position });
                }
            }
        }
        if let Some(kept) = self.kept.filter(|kept| kept.position > self.at) {
            report.add(Break::KeptBeyond { found: self.at, kept: kept.position });
        }
    }
}
