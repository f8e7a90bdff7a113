//! Africa's Talking: a form, not signed; its secret stands in the address.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::channels::auth::Access;
use crate::channels::form::Form;
use crate::channels::problem::Problem;

use super::desk::{InboundDesk, answer, named, sender, text, time};
use super::{InboundTaker, Received, Sender};

const FORM: &str = "application/x-www-form-urlencoded";

struct Door<T> {
    name: Arc<str>,
    desk: Arc<InboundDesk<T>>,
    access: Access,
}

pub(super) fn router<T: InboundTaker>(desk: &Arc<InboundDesk<T>>, name: &Arc<str>, access: Access) -> Router {
    let address = |rest: &str| format!("/sms/{name}/{rest}");
    let door = Arc::new(Door { name: Arc::clone(name), desk: Arc::clone(desk), access });
    Router::new()
        .route(&address("inbound"), post(inbound::<T>))
        .route(&address("inbound/{secret}"), post(inbound::<T>))
        .route(&address("optout"), post(opt_out::<T>))
        .route(&address("optout/{secret}"), post(opt_out::<T>))
        .with_state(door)
}

async fn inbound<T: InboundTaker>(
    State(door): State<Arc<Door<T>>>,
    secret: Option<Path<String>>,
    request: Request,
) -> Response {
    match door.body(secret, request).await {
        Ok(octets) => {
            let message = Form::parse(&octets).and_then(|form| read(&door.name, &form));
            door.desk.take(&door.name, message, thanks).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// A number was put on the list of those who want no bulk messages of a sender.
async fn opt_out<T: InboundTaker>(
    State(door): State<Arc<Door<T>>>,
    secret: Option<Path<String>>,
    request: Request,
) -> Response {
    let number = async {
        let octets = door.body(secret, request).await?;
        let form = Form::parse(&octets)?;
        match sender(form.require("phoneNumber")?, "phoneNumber")? {
            Sender::Number(number) => Ok(Some(number)),
            Sender::Other(_) => Ok(None),
        }
    };
    match number.await {
        Ok(Some(number)) => answer(&door.name, door.desk.taker.opted_out(&door.name, number).await, thanks),
        Ok(None) => thanks(),
        Err(problem) => Problem::into_response(problem),
    }
}

impl<T: InboundTaker> Door<T> {
    async fn body(
        &self,
        secret: Option<Path<String>>,
        request: Request,
    ) -> Result<axum::body::Bytes, Problem> {
        let (parts, body) = request.into_parts();
        let secret = secret.as_ref().map(|Path(secret)| secret.as_str());
        self.desk.authenticate(&self.name, &self.access, &parts, secret)?;
        self.desk.body.read(&parts.headers, body, FORM).await
    }
}

/// The text may be empty: somebody sent nothing, and it is stored so.
fn read(provider: &Arc<str>, form: &Form<'_>) -> Result<Received, Problem> {
    Ok(Received {
        provider: Arc::clone(provider),
        id: named(form.require("id")?, "id")?.to_owned(),
        from: sender(form.require("from")?, "from")?,
        to: named(form.require("to")?, "to")?.to_owned(),
        text: text(form.get("text").unwrap_or_default()),
        sent_at: form.get("date").and_then(time),
    })
}

fn thanks() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "OK").into_response()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, form};
    use super::*;

    const PATH: &str = "/sms/africastalking/inbound/test-secret-of-it";
    const MESSAGE: &str = "from=%2B23276000001&to=4680&text=STOP+BABY&date=2026-11-24+08%3A00%3A00&id=at-1";

    #[tokio::test]
    async fn recorded_messages_arrive_as_they_were_meant() {
        for (body, said) in [
            (MESSAGE, "STOP BABY"),
            (
                "from=+23276000001&to=4680&text=L%C6%90F&date=2026-11-24T08:00:00Z&id=at-1&linkId=&cost=SLE+0.10&networkCode=99999",
                "LƐF",
            ),
            ("from=076000001&to=4680&text=&id=at-1&date=2026-11-24T08:00:00Z", ""),
            ("from=076000001&to=4680&id=at-1&date=2026-11-24T08:00:00Z", ""),
            (
                "from=076000001&to=4680&text=%00%F0%9F%98%80%E2%80%AE&id=at-1&date=1795507200",
                "\u{0}😀\u{202e}",
            ),
        ] {
            let fake = Fake::default();
            let answer = fake.call(form(PATH, body)).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "OK"), "{body}");
            let [message] = fake.taken().try_into().unwrap();
            assert_eq!(
                (&*message.provider, message.id.as_str(), message.to.as_str()),
                ("africastalking", "at-1", "4680")
            );
            assert_eq!(message.from, Sender::Number("076000001".parse().unwrap()), "{body}");
            assert_eq!(message.text, said);
            assert_eq!(message.sent_at, time("2026-11-24T08:00:00Z"), "{body}");
        }
    }

    #[tokio::test]
    async fn who_is_not_the_provider_reaches_nothing() {
        for path in [
            "/sms/africastalking/inbound",
            "/sms/africastalking/inbound/wrong",
            "/sms/africastalking/optout/wrong",
        ] {
            let fake = Fake::default();
            assert_eq!(fake.call(form(path, MESSAGE)).await.status, 401, "{path}");
            assert!(fake.taken().is_empty());
        }
    }

    #[tokio::test]
    async fn malformed_messages_are_refused_with_a_reason_and_reach_nothing() {
        for (body, reason) in [
            ("to=4680&text=9999&id=1", "from is missing"),
            ("from=076000001&text=9999&id=1", "to is missing"),
            ("from=076000001&to=4680&text=9999", "id is missing"),
            ("from=076000001&to=4680&id=1&text=99%9", "hexadecimal"),
            ("from=076000001&to=4680&id=1&text=%ff9999", "UTF-8"),
            ("from=076000001&from=077000002&to=4680&id=1&text=9999", "twice"),
            (&format!("from=076000001&to=4680&id={}&text=9999", "1".repeat(200)), "id: expected"),
        ] {
            let fake = Fake::default();
            let answer = fake.call(form(PATH, body)).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(answer.body.contains(reason) && !answer.body.contains("9999"), "{}", answer.body);
            assert!(fake.taken().is_empty());
        }
        let fake = Fake::default();
        assert_eq!(fake.call(form(PATH, &format!("{MESSAGE}&x={}", "1".repeat(9000)))).await.status, 413);
    }

    #[tokio::test]
    async fn what_is_not_stored_is_to_be_brought_again() {
        let fake = Fake::away();
        let answer = fake.call(form(PATH, MESSAGE)).await;
        assert_eq!((answer.status, answer.retry_after.as_str()), (503, "5"));
    }

    #[tokio::test]
    async fn a_number_that_floods_is_held_back_and_another_is_taken() {
        let fake = Fake::default();
        let mut shed = 0;
        for id in 0..40 {
            let body = format!("from=076000001&to=4680&text=hi&id={id}");
            shed += usize::from(fake.call(form(PATH, &body)).await.status == 429);
        }
        assert!(shed >= 20, "{shed}");
        assert_eq!(fake.call(form(PATH, "from=077000002&to=4680&text=hi&id=x")).await.status, 200);
    }

    #[tokio::test]
    async fn an_opt_out_is_told_of_the_number() {
        let fake = Fake::default();
        let path = "/sms/africastalking/optout/test-secret-of-it";
        assert_eq!(fake.call(form(path, "senderId=MamaCare&phoneNumber=%2B23276000001")).await.status, 200);
        assert_eq!(fake.opted_out(), ["+23276000001"]);
        assert_eq!(fake.call(form(path, "senderId=MamaCare&phoneNumber=8888")).await.status, 200);
        assert_eq!(fake.call(form(path, "senderId=MamaCare")).await.status, 400);
        assert_eq!(fake.opted_out().len(), 1);
    }
}
