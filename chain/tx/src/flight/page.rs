//! The tables as a reference page.
//!
//! - Reads: the tables and the meanings of their values.
//! - Returns: Markdown.
//! - Never: says anything that the tables do not.

use std::fmt::Write as _;

use super::refusal::{self, Answer, AnswerRow, Then};
use super::situation::{Age, Depth, Endpoints, History, Made, Nonce, Pool, Price, Receipt};
use super::table::{self, Next, Row};
use crate::wait_level::WaitLevel;

const HEAD: &str = "\
# Transactions in flight

Made from the program's own tables (decision 9 says why they are so).

A signed transaction is looked at again and again, and each look ends in one row of the first table: the first one
that matches, from the top. A column without a word matches everything. A test goes through all situations: every one
has a row, every row has a situation, and none gives a transaction up that may still be executed.
";

/// The reference page of transactions in flight, as Markdown.
#[must_use]
pub fn transactions_page() -> String {
    let mut page = HEAD.to_owned();
    section(&mut page, "What is decided");
    table(&mut page, &["situation", "then", "why"], rows());
    section(&mut page, "What an endpoint's answer to the bytes means");
    page.push_str("\nUnsent are bytes that this run signed and that nobody has taken. Where several endpoints answer, the most hopeful answer counts.\n");
    table(&mut page, &["answer", "then", "why"], answers());
    section(&mut page, "What can follow");
    choice(&mut page, "", Next::ALL, Next::words);
    section(&mut page, "What is looked at");
    choice(&mut page, "receipt", Receipt::ALL, Receipt::words);
    choice(&mut page, "depth", Depth::ALL, Depth::words);
    choice(&mut page, "pool", Pool::ALL, Pool::words);
    choice(&mut page, "nonce", Nonce::ALL, Nonce::words);
    choice(&mut page, "age", Age::ALL, Age::words);
    choice(&mut page, "price", Price::ALL, Price::words);
    choice(&mut page, "made", Made::ALL, Made::words);
    choice(&mut page, "endpoints", Endpoints::ALL, Endpoints::words);
    choice(&mut page, "history", History::ALL, History::words);
    choice(&mut page, "wait level", WaitLevel::ALL, WaitLevel::words);
    choice(&mut page, "answer", Answer::ALL, Answer::words);
    page
}

fn section(page: &mut String, title: &str) {
    let _ = write!(page, "\n## {title}\n");
}

fn table(page: &mut String, columns: &[&str], rows: Vec<Vec<String>>) {
    let _ = writeln!(page, "\n| {} |", columns.join(" | "));
    let _ = writeln!(page, "|{}", "---|".repeat(columns.len()));
    for row in rows {
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
}

fn rows() -> Vec<Vec<String>> {
    let line = |row: &Row| {
        vec![
            situation(row),
            format!("**{}**", row.next.words().0),
            row.why.to_owned(),
        ]
    };
    table::TABLE.iter().map(line).collect()
}

fn situation(row: &Row) -> String {
    let columns = [
        column("receipt", row.receipt, Receipt::words),
        column("depth", row.depth, Depth::words),
        column("pool", row.pool, Pool::words),
        column("nonce", row.nonce, Nonce::words),
        column("age", row.age, Age::words),
        column("price", row.price, Price::words),
        column("made", row.made, Made::words),
        column("endpoints", row.endpoints, Endpoints::words),
        column("history", row.history, History::words),
    ];
    columns.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn answers() -> Vec<Vec<String>> {
    let line = |row: &AnswerRow| {
        let columns = [
            Some(row.answer.words().0.to_owned()),
            column("history", row.history, History::words),
            column("price", row.price, Price::words),
        ];
        let then = match row.then {
            Then::Sent => "it is sent".to_owned(),
            Then::Later => "look again".to_owned(),
            Then::Raise => "**raise**".to_owned(),
            Then::Never(code) => format!("given up: `{code}`"),
        };
        let case: Vec<_> = columns.into_iter().flatten().collect();
        vec![case.join(", "), then, row.why.to_owned()]
    };
    refusal::TABLE.iter().map(line).collect()
}

type WordsOf<T> = fn(T) -> (&'static str, &'static str);

fn column<T: Copy>(name: &str, values: &[T], words: WordsOf<T>) -> Option<String> {
    let names: Vec<_> = values.iter().map(|value| words(*value).0).collect();
    (!names.is_empty()).then(|| format!("{name} *{}*", names.join("* or *")))
}

fn choice<T: Copy>(page: &mut String, name: &str, values: &[T], words: WordsOf<T>) {
    let line = |value: &T| {
        let (word, meaning) = words(*value);
        vec![word.to_owned(), meaning.to_owned()]
    };
    let rows = values.iter().map(line).collect();
    table(page, &[name, "meaning"], rows);
}
