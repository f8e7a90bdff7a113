//! A provider that sends nothing: it shows messages on standard output, PINs and all. For the demo,
//! where people are invented and PINs open nothing; a production node refuses it.

use std::io::Write;

use crate::messages::{Address, Carrier, Fate, Outgoing, Sending};

/// The provider.
#[derive(Debug, Default)]
pub struct Log;

impl Carrier for Log {
    fn send<'a>(&'a self, messages: &'a [Outgoing]) -> Sending<'a> {
        Box::pin(
            async move { messages.iter().map(|message| show(&mut std::io::stdout(), message)).collect() },
        )
    }
}

fn show(out: &mut impl Write, message: &Outgoing) -> Fate {
    match writeln!(out, "{}", line(message)) {
        Ok(()) => Fate::taken(None, "shown in the log"),
        // Who reads the log is gone; that is no reason to show it again.
        Err(error) => Fate::taken(None, format!("shown to nobody: {error}")),
    }
}

fn line(message: &Outgoing) -> String {
    let text = message.text.split_whitespace().collect::<Vec<_>>().join(" ");
    match &message.to {
        Address::Phone(number) => format!("DEMO SMS, shown here instead of sent, to {number}: {text}"),
        Address::Mailbox(address) => {
            let host = address.rsplit_once('@').map_or("", |(_, host)| host);
            format!("DEMO MAIL, shown here instead of sent, to …@{host}: {text}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::message;
    use super::*;

    #[test]
    fn a_message_is_one_line_that_names_the_end_of_the_number_alone() {
        let mut out = Vec::new();
        assert!(matches!(show(&mut out, &message("Your MamaCare PIN:\n482913")), Fate::Taken { .. }));
        let shown = String::from_utf8(out).unwrap();
        assert_eq!(shown, "DEMO SMS, shown here instead of sent, to …01: Your MamaCare PIN: 482913\n");
        let mail = Outgoing { to: Address::Mailbox("nurse@demo.example".to_owned()), ..message("Hello") };
        assert_eq!(line(&mail), "DEMO MAIL, shown here instead of sent, to …@demo.example: Hello");
    }
}
