//! `mamacare dial`: a phone in the terminal.

mod facts;
mod handset;
mod line;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::app::demo::default_folder;
use crate::care::Msisdn;
use crate::channels::is_service_code;

use facts::Facts;
use handset::Handset;
use line::{Address, Line, LineError, Session};

use super::small_runtime;

/// The gateway refused the call.
const REFUSED: u8 = 2;
/// No gateway answered.
const AWAY: u8 = 3;

/// A phone in the terminal: dial a code and answer its screens.
///
/// Without --server it calls the demo that runs on this machine. Answers are read from standard input,
/// one a line; where that is no terminal, the screens are printed plainly, so that it can be scripted:
///
///   printf '1\n2\n999\n' | mamacare dial '*468#' --msisdn +23276000001
///
/// The end of the input hangs up. Exit code: 0 when the session was over or was hung up, 2 when the
/// gateway refused the call, 3 when no gateway answered.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Dial {
    /// The code, also with choices in it: '*468*2*1#'. The demo's own where none is given.
    code: Option<String>,
    /// The number that calls: the demo's first mother where none is given.
    #[arg(long, value_name = "NUMBER")]
    msisdn: Option<String>,
    /// A gateway's address; the demo's where none is given.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The secret of its channel.
    #[arg(
        long,
        value_name = "SECRET",
        env = "MAMACARE_DIAL_SECRET",
        hide_env_values = true,
        requires = "server"
    )]
    secret: Option<String>,
    /// The folder of the demo.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How the call reaches the gateway.
    #[arg(long, value_enum, default_value_t = Channel::Africastalking)]
    channel: Channel,
    /// The mobile network that the call comes through, as MCC and MNC.
    #[arg(long, value_name = "CODE", default_value = "61901")]
    network: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Channel {
    /// As Africa's Talking calls.
    Africastalking,
    /// The generic JSON form.
    Json,
}

impl Channel {
    const fn name(self) -> &'static str {
        match self {
            Self::Africastalking => "africastalking",
            Self::Json => "json",
        }
    }
}

impl Dial {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let facts = match self.facts() {
            Ok(facts) => facts,
            Err(error) => {
                eprintln!("mamacare: {error:#}");
                return Ok(ExitCode::from(AWAY));
            }
        };
        let address = self.address(facts.as_ref())?;
        let (service_code, suffix) = self.code(facts.as_ref())?;
        let msisdn = self.msisdn(facts.as_ref())?;
        let session = Session { service_code, suffix, msisdn, network: self.network };
        let line = Line::new(self.channel, address, session)?;
        match small_runtime()?.block_on(talk(line, Handset::of_process())) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                eprintln!("mamacare: {error}");
                Ok(ExitCode::from(if matches!(error, LineError::Refused { .. }) { REFUSED } else { AWAY }))
            }
        }
    }

    /// The running demo's facts: needed unless a server is named and everything with it.
    fn facts(&self) -> anyhow::Result<Option<Facts>> {
        if self.server.is_some() && self.data.is_none() {
            return Ok(None);
        }
        let folder = self.data.clone().unwrap_or_else(default_folder);
        Facts::read(&folder).map(Some)
    }

    fn address(&self, facts: Option<&Facts>) -> anyhow::Result<Address> {
        let name = self.channel.name();
        match (&self.server, facts) {
            (Some(server), _) => Ok(Address::of_server(server, name, self.secret.as_deref())),
            (None, Some(facts)) => facts.address(name),
            (None, None) => anyhow::bail!("name the gateway with --server"),
        }
    }

    /// The registered code and what was dialled beyond it.
    fn code(&self, facts: Option<&Facts>) -> anyhow::Result<(String, Vec<String>)> {
        let own = facts.map(|facts| facts.service_code.as_str());
        let Some(dialled) = self.code.as_deref().or(own) else {
            anyhow::bail!("say what to dial, such as '*468#'");
        };
        anyhow::ensure!(
            is_service_code(dialled),
            "{dialled:?} cannot be dialled: expected a code like '*468#' (in quotes, for the shell)"
        );
        let inner = dialled.trim_start_matches('*').trim_end_matches('#');
        let own = own.unwrap_or_default().trim_start_matches('*').trim_end_matches('#');
        // The demo says where its code ends; of another gateway's, the first number is taken.
        let root = if !own.is_empty() && (inner == own || inner.starts_with(&format!("{own}*"))) {
            own
        } else {
            inner.split('*').next().unwrap_or(inner)
        };
        let rest = inner.get(root.len()..).unwrap_or_default();
        let suffix = rest.split('*').filter(|choice| !choice.is_empty()).map(str::to_owned).collect();
        Ok((format!("*{root}#"), suffix))
    }

    fn msisdn(&self, facts: Option<&Facts>) -> anyhow::Result<String> {
        let first = facts.and_then(|facts| facts.mothers.first()).map(|mother| mother.msisdn.as_str());
        let number = self.msisdn.as_deref().or(first).unwrap_or("+23276000001");
        Ok(number.parse::<Msisdn>()?.e164())
    }
}

/// A call, from the first screen to the last or to the end of the input.
async fn talk(mut line: Line, mut handset: Handset) -> Result<(), LineError> {
    let mut answer = None;
    loop {
        let screen = line.send(answer.take()).await?;
        handset.show(&screen);
        if !screen.more {
            return line.ended().await;
        }
        match handset.answer() {
            Some(typed) => answer = Some(typed),
            None => return line.hang_up().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        dial: Dial,
    }

    fn code(dialled: &str, own: Option<&str>) -> Option<(String, String)> {
        let dial = Alone::parse_from(["dial", dialled]).dial;
        let facts = own.map(Facts::with_code);
        dial.code(facts.as_ref()).ok().map(|(root, suffix)| (root, suffix.join("*")))
    }

    #[test]
    fn a_code_is_parted_where_the_registered_one_ends() {
        for (dialled, own, root, suffix) in [
            ("*468#", Some("*468#"), "*468#", ""),
            ("*468*2*1#", Some("*468#"), "*468#", "2*1"),
            ("*384*123*2*1#", Some("*384*123#"), "*384*123#", "2*1"),
            ("*468*2*1#", None, "*468#", "2*1"),
            ("*4681#", Some("*468#"), "*4681#", ""),
        ] {
            assert_eq!(code(dialled, own), Some((root.to_owned(), suffix.to_owned())), "{dialled}");
        }
        assert_eq!(code("468", None), None);
    }
}
