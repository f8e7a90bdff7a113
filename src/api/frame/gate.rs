//! Who asks. A handler's signature says who may call it: `Allowed<ReadRecord>`, or `Public`.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use uuid::Uuid;

use super::{Api, Problem};
use crate::identity::{Grant, Role};
use crate::store::accounts::{self, Subject};
use crate::store::scope::Scope;

/// Who asks, as her account stands now.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Account or person.
    pub subject: Subject,
    /// Her sign-in.
    pub sign_in: Uuid,
    /// What she may do.
    pub role: Role,
    /// Her profession, of a professional.
    pub profession: Option<String>,
    /// Her facility.
    pub facility: Option<i32>,
}

impl Actor {
    /// The id of the account or person.
    pub const fn id(&self) -> Uuid {
        self.subject.id()
    }

    /// The facility whose patients and staff she reaches. Roles that have one are refused without.
    pub fn own_facility(&self) -> Result<i32, Problem> {
        self.facility.ok_or_else(|| Problem::forbidden("this account belongs to no facility"))
    }

    /// Whose rows she sees and changes.
    pub fn scope(&self) -> Scope {
        let account = self.id();
        match (self.role, self.facility) {
            (Role::Patient, _) => Scope::Herself(account),
            (Role::Administrator, _) => Scope::Administrator { account },
            (Role::Hospital | Role::Professional, Some(facility)) => Scope::Staff { account, facility },
            (Role::Hospital | Role::Professional, None) | (Role::Pharmacy, _) => Scope::Nobody { account },
        }
    }

    /// The facility that bounds what she reaches; none for an administrator, who reaches all.
    pub fn bounds(&self) -> Result<Option<i32>, Problem> {
        if self.role == Role::Administrator { Ok(None) } else { self.own_facility().map(Some) }
    }
}

/// Who asks, and that her role has the permission.
#[derive(Clone, Debug)]
pub struct Allowed<G> {
    actor: Actor,
    grant: PhantomData<G>,
}

impl<G> std::ops::Deref for Allowed<G> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl<G: Grant> FromRequestParts<Arc<Api>> for Allowed<G> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let actor = actor(api, &parts.headers).await?;
        if !G::PERMISSION.allows(actor.role) {
            return Err(Problem::forbidden("your role does not allow this"));
        }
        api.limits.account(actor.id())?;
        Ok(Self { actor, grant: PhantomData })
    }
}

/// A route that anybody may call; where from, for its limits.
#[derive(Clone, Copy, Debug)]
pub struct Public {
    /// Where the request comes from.
    pub source: IpAddr,
}

impl FromRequestParts<Arc<Api>> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self { source: source(peer, &parts.headers, &api.settings.trusted_proxies) })
    }
}

/// A route at which secrets are tried: anybody may call it, seldom.
#[derive(Clone, Copy, Debug)]
pub struct Knock;

impl FromRequestParts<Arc<Api>> for Knock {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        let Public { source } = Public::from_request_parts(parts, api).await?;
        let route = parts.extensions.get::<axum::extract::MatchedPath>().map_or("", |path| path.as_str());
        api.limits.knock(source, route)?;
        Ok(Self)
    }
}

/// A [`Knock`] of somebody who proves by what she sends who she is, and is refused by 401.
#[derive(Clone, Copy, Debug)]
pub struct Proving;

impl FromRequestParts<Arc<Api>> for Proving {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        Knock::from_request_parts(parts, api).await.map(|Knock| Self)
    }
}

async fn actor(api: &Api, headers: &HeaderMap) -> Result<Actor, Problem> {
    let token = presented(headers)
        .ok_or_else(|| Problem::unauthenticated("sign in, and send Authorization: Bearer with the token"))?;
    let not_signed_in = || {
        Problem::unauthenticated("this token is not good, or its time is over; sign in again or refresh it")
    };
    let claims = api.tokens.read(token, api.now()).map_err(|error| {
        tracing::debug!(%error, "a token was refused");
        not_signed_in()
    })?;
    let live = if let Some(live) = api.live.get(&claims.sid) {
        live
    } else {
        let live = accounts::live(&api.service, claims.sid, api.now()).await?.ok_or_else(not_signed_in)?;
        let live = Arc::new(live);
        api.live.insert(claims.sid, Arc::clone(&live));
        live
    };
    if live.subject.id() != claims.sub {
        return Err(not_signed_in());
    }
    Ok(Actor {
        subject: live.subject,
        sign_in: claims.sid,
        role: live.role,
        profession: live.profession.clone(),
        facility: live.facility,
    })
}

/// The token of `Authorization: Bearer …`, or the bare token, as the old mobile client sends it.
pub fn presented(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        None if value.split('.').count() == 3 => value,
        _ => return None,
    };
    token.bytes().all(|octet| octet.is_ascii_graphic()).then_some(token)
}

/// Where a request comes from: the peer, or behind trusted proxies the last address that is not one.
pub fn source(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let peer = peer.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)).to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev().filter_map(|line| line.to_str().ok());
    let mut addresses = lines.flat_map(|line| line.rsplit(',')).map(|text| text.trim().parse::<IpAddr>());
    addresses
        .find(|address| address.as_ref().is_ok_and(|address| !is_trusted(*address)))
        .and_then(Result::ok)
        .unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        source(peer.parse().ok(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_proxy_is_believed_where_it_is_trusted() {
        assert_eq!(from("192.0.2.1", "198.51.100.7"), "192.0.2.1");
        assert_eq!(from("10.0.0.1", "198.51.100.7"), "198.51.100.7");
        assert_eq!(from("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2"), "198.51.100.7");
        assert_eq!(from("10.0.0.1", "unknown"), "10.0.0.1");
    }

    #[test]
    fn the_token_is_found_with_and_without_its_scheme() {
        let token = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            presented(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("bearer  a.b.c ").as_deref(), Some("a.b.c"));
        assert_eq!(token("a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("Basic abc"), None);
        assert_eq!(token("anything"), None);
        assert_eq!(token("Bearer a.b.\tc"), None);
        assert_eq!(token("Bearer\ta.b.c"), None);
    }
}
