//! Whose rows a transaction of the API may see and change. It is said to PostgreSQL as the transaction
//! begins, and the policies (`policies.sql`) hold it to that: what a handler forgets to ask, they refuse.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::record::reach;

/// Whose rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Of no patient: the account's own, and what is nobody's secret.
    Nobody {
        /// Who asks.
        account: Uuid,
    },
    /// Of the patients in the care of a facility, and to read those of whom this account opened the record.
    Staff {
        /// Who asks.
        account: Uuid,
        /// Where she works.
        facility: i32,
    },
    /// Her own.
    Herself(Uuid),
    /// Of the patients whom `whole::read` lets in, each for who asks for her.
    Records,
    /// The one prescription of a code that was shown, and whose it is.
    Code {
        /// Who asks.
        account: Uuid,
        /// Keyed digest of the code.
        digest: [u8; 32],
    },
    /// The whole trail, and no patient.
    Administrator {
        /// Who asks.
        account: Uuid,
    },
    /// All patients, for what is counted, and taken in or out as a table.
    Country {
        /// Who asks.
        account: Uuid,
    },
}

impl Scope {
    /// A transaction of this scope, on a connection of the API. It costs no more than any: the scope travels
    /// with `BEGIN`.
    pub async fn begin(
        self,
        pool: &PgPool,
        now: DateTime<Utc>,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        pool.begin_with(AssertSqlSafe(self.opening(now))).await
    }

    /// The same on a connection that is at hand.
    pub async fn begin_on(
        self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
        connection.begin_with(AssertSqlSafe(self.opening(now))).await
    }

    /// Numbers, ids and times alone: nothing in it is a text of somebody's choice.
    fn opening(self, now: DateTime<Utc>) -> String {
        // What is read of many is read as it is at one moment, by plans that are made once: those for one
        // patient would be kept, and made anew each time for many.
        let mut opening = match self {
            Self::Records => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL plan_cache_mode = force_generic_plan"
            }
            _ => "BEGIN",
        }
        .to_owned();
        let mut say = |name: &str, value: &str| {
            opening.extend(["; SET LOCAL mamacare.", name, " = '", value, "'"]);
        };
        let (word, account) = match self {
            Self::Nobody { account } => ("nobody", Some(account)),
            Self::Staff { account, .. } => ("staff", Some(account)),
            Self::Herself(person) => ("herself", Some(person)),
            Self::Records => ("records", None),
            Self::Code { account, .. } => ("code", Some(account)),
            Self::Administrator { account } => ("administrator", Some(account)),
            Self::Country { account } => ("country", Some(account)),
        };
        say("scope", word);
        if let Some(account) = account {
            say("account", &account.to_string());
        }
        if let Self::Staff { facility, .. } = self {
            say("facility", &facility.to_string());
        }
        match self {
            Self::Nobody { .. } | Self::Administrator { .. } | Self::Country { .. } => {}
            Self::Staff { .. } | Self::Records => {
                say("now", &now.to_rfc3339());
                say("seen_since", &reach::seen_since(now.date_naive()).to_string());
                say("referred_since", &reach::referred_since(now).to_rfc3339());
            }
            Self::Herself(person) => {
                say("known", &format!("{{{person}}}"));
                say("charge", &person.to_string());
            }
            Self::Code { digest, .. } => {
                let digits = digest.iter().fold(String::new(), |mut digits, octet| {
                    // Writing into a text cannot fail.
                    let _ = write!(digits, "{octet:02x}");
                    digits
                });
                say("code", &digits);
            }
        }
        opening
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_says_what_it_opens_and_no_more() {
        let account = Uuid::from_u128(1);
        let now = DateTime::UNIX_EPOCH;
        let said = |scope: Scope| scope.opening(now);
        assert_eq!(
            said(Scope::Nobody { account }),
            "BEGIN; SET LOCAL mamacare.scope = 'nobody'; \
             SET LOCAL mamacare.account = '00000000-0000-0000-0000-000000000001'"
        );
        let staff = said(Scope::Staff { account, facility: 7 });
        assert!(staff.contains("mamacare.facility = '7'") && !staff.contains("known"), "{staff}");
        let herself = said(Scope::Herself(account));
        assert_eq!(herself.matches("00000000-0000-0000-0000-000000000001").count(), 3, "{herself}");
        let code = said(Scope::Code { account, digest: [10; 32] });
        assert!(code.ends_with(&format!("mamacare.code = '{}'", "0a".repeat(32))), "{code}");
    }
}
