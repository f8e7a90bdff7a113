//! Pages of lists. A cursor names the last row shown, so that a list costs the same however deep.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::Problem;

/// One page.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// Rows.
    pub items: Vec<T>,
    /// The `cursor` of the page after this one; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A list without pages, of which there are few rows.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct All<T>(pub Vec<T>);

impl<T> FromIterator<T> for All<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

fn rows_of<T: ToSchema>() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(utoipa::openapi::Ref::from_schema_name(T::name()))
}

fn with_rows<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

impl<T: ToSchema> utoipa::PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let next = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The `cursor` of the page after this one; none on the last."));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("items", rows_of::<T>())
            .required("items")
            .property("next", next)
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("PageOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        with_rows::<T>(schemas);
    }
}

impl<T: ToSchema> utoipa::PartialSchema for All<T> {
    fn schema() -> RefOr<Schema> {
        RefOr::T(Schema::Array(rows_of::<T>()))
    }
}

impl<T: ToSchema> ToSchema for All<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("ListOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        with_rows::<T>(schemas);
    }
}

impl<T> Page<T> {
    /// A page of rows that were fetched with one more than it shows; `cursor` names a row.
    pub fn of<R, C: Serialize>(
        mut rows: Vec<R>,
        limit: Limit,
        cursor: impl Fn(&R) -> C,
        show: impl FnMut(R) -> T,
    ) -> Self {
        let more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        let next = rows.last().filter(|_| more).map(|row| Cursor::write(&cursor(row)));
        Self { items: rows.into_iter().map(show).collect(), next }
    }

    /// A page of those rows; `next` is where the page after it begins, if there is one.
    pub fn ended<C: Serialize>(items: Vec<T>, next: Option<C>) -> Self {
        Self { items, next: next.map(|position| Cursor::write(&position)) }
    }
}

/// How many rows a page has: 1 to 200, 50 where nothing is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit(u16);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl Limit {
    /// Rows to show.
    pub fn rows(self) -> usize {
        usize::from(self.0)
    }

    /// Rows to fetch: one more, which tells whether there is another page.
    pub fn fetch(self) -> i64 {
        i64::from(self.0) + 1
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = u16::deserialize(deserializer)?;
        if (1..=200).contains(&rows) {
            Ok(Self(rows))
        } else {
            Err(serde::de::Error::custom("limit: expected 1 to 200"))
        }
    }
}

impl utoipa::PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(200))
            .default(Some(50.into()))
            .into()
    }
}

impl ToSchema for Limit {}

/// Where a page begins, as given by the page before.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    fn write<C: Serialize>(position: &C) -> String {
        URL_SAFE_NO_PAD.encode(postcard::to_stdvec(position).unwrap_or_default())
    }

    /// The position that it names.
    pub fn read<C: DeserializeOwned>(cursor: Option<&Self>) -> Result<Option<C>, Problem> {
        let Some(Self(text)) = cursor else { return Ok(None) };
        let wrong = || Problem::field("cursor", "expected the `next` of the page before, of the same list");
        let octets = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        postcard::from_bytes(&octets).map(Some).map_err(|_| wrong())
    }
}

impl utoipa::PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(200)).into()
    }
}

impl ToSchema for Cursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_names_the_next_one() {
        let page: Page<i32> = Page::of(vec![1, 2, 3], Limit(2), |&row| row, |row| row * 10);
        assert_eq!(page.items, [10, 20]);
        let next = Cursor(page.next.unwrap());
        assert_eq!(Cursor::read::<i32>(Some(&next)).unwrap(), Some(2));
        let last: Page<i32> = Page::of(vec![3], Limit(2), |&row| row, |row| row);
        assert_eq!(last.next, None);
        assert_eq!(Cursor::read::<uuid::Uuid>(Some(&Cursor("zz!".to_owned()))).unwrap_err().status, 400);
    }
}
