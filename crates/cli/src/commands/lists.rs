//! Lists: one page, or all of them.
//!
//! Owns: nothing. Calls: api. Called by: every `list`, and what finds an item by its name.
//! Invariants: all pages together are one page without a next (`all_pages_become_one` in `tenant`); a server that gives
//! the same cursor twice does not hold the command (`a_cursor_that_stands_still_is_refused` in `tenant`).
//! After a crash: nothing is left.

use super::Ctx;
use crate::{
    api::{Answer, with_query},
    args::PagingArgs,
    outcome::Failure,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use tenantry_types::page::{MAX_LIMIT, Page};

#[derive(Deserialize)]
struct RawPage {
    items: Vec<Box<RawValue>>,
}

/// The page that `paging` asks for; all pages as one when it asks for all.
pub(crate) fn page<T: DeserializeOwned>(
    ctx: &Ctx<'_, '_>,
    path: &str,
    filters: &[(&str, Option<&str>)],
    paging: &PagingArgs,
) -> Result<Answer<Page<T>>, Failure> {
    let limit = paging.limit.or(paging.all.then_some(MAX_LIMIT)).map(|limit| limit.to_string());
    let fetch = |cursor: Option<&str>| {
        let mut parameters = filters.to_vec();
        parameters.extend([("limit", limit.as_deref()), ("cursor", cursor)]);
        ctx.api.get::<Page<T>>(&with_query(path, &parameters))
    };
    let mut first = fetch(paging.cursor.as_deref())?;
    if !paging.all {
        return Ok(first);
    }
    let mut texts = items(&first.text, path)?;
    while let Some(cursor) = first.value.next_cursor.take() {
        let next = fetch(Some(&cursor))?;
        if next.value.next_cursor.as_ref() == Some(&cursor) {
            return Err(Failure::local(
                "not_understood",
                format!("the list {path} does not come to its end"),
            ));
        }
        texts.extend(items(&next.text, path)?);
        first.value.items.extend(next.value.items);
        first.value.next_cursor = next.value.next_cursor;
    }
    let texts: Vec<&str> = texts.iter().map(|item| item.get()).collect();
    let text = format!(r#"{{"items":[{}],"next_cursor":null}}"#, texts.join(","));
    Ok(Answer { value: first.value, text })
}

/// The one item of all pages that `is` it; `none` says that there is none.
pub(crate) fn find<T: DeserializeOwned>(
    ctx: &Ctx<'_, '_>,
    path: &str,
    filters: &[(&str, Option<&str>)],
    is: impl Fn(&T) -> bool,
    none: impl FnOnce() -> String,
) -> Result<T, Failure> {
    let all = PagingArgs { limit: None, cursor: None, all: true };
    let found = page::<T>(ctx, path, filters, &all)?.value.items.into_iter().find(is);
    found.ok_or_else(|| Failure::local("not_found", none()))
}

fn items(text: &str, path: &str) -> Result<Vec<Box<RawValue>>, Failure> {
    Ok(Answer::<RawPage>::read(text.to_owned(), path)?.value.items)
}

/// Prints a page, and how to get the next one.
pub(crate) fn show<T>(
    ctx: &mut Ctx<'_, '_>,
    page: &Answer<Page<T>>,
    none: &str,
    table: impl FnOnce(&[T], chrono::DateTime<chrono::Utc>) -> String,
) -> Result<(), Failure> {
    let items = &page.value.items;
    ctx.result(&page.text, |now| if items.is_empty() { String::new() } else { table(items, now) })?;
    if items.is_empty() {
        ctx.say(none)?;
    }
    if let Some(cursor) = &page.value.next_cursor {
        ctx.hint(&format!("there are more: --cursor {cursor}, or --all"))?;
    }
    Ok(())
}
