//! From flags and questions to answers.
//!
//! - Reads: flags first, then the terminal.
//! - Returns: one answer for each question that the network needs.
//! - Never: guesses what has no safe default.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::Path;

use pospool_engine::registry::Registry;

use super::trial;
use crate::args::InitArgs;
use crate::commands::Session;
use crate::failure::Failure;
use crate::view::questions::{self, InitQuestion};
use crate::view::template::{DevnetAnswers, InitAnswers, PoolNetwork, SourceLocation};
use crate::wiring;

/// The reference implementation, at the commit that pospool was tested with.
const REFERENCE: (&str, &str) = (
    "https://github.com/conflux-fans/pos-pool",
    "8d144489b18bd924ae34186420b45f95849ff8f1",
);

/// What is wrong with an answer, and what to write.
type Wrong = (String, Cow<'static, str>);

/// Reads an answer.
type Check<'a> = &'a dyn Fn(&str) -> Result<String, Wrong>;

fn wrong(what: String, help: &'static str) -> Wrong {
    (what, help.into())
}

/// Gathers all answers.
pub(super) fn gather_answers(
    session: &mut Session<'_, '_>,
    args: &InitArgs,
) -> Result<InitAnswers, Failure> {
    let network = match args.network {
        Some(network) => network,
        None => network_of(&answer(session, None, &questions::NETWORK, &known_network)?),
    };
    let registry = session.registry;
    let mut ask = |given: &Option<String>, question: &InitQuestion, check: Check<'_>| {
        answer(session, given.as_deref(), question, check)
    };
    let name = ask(&args.name, &questions::NAME, &one_line)?;
    let share_ratio = ask(&args.share_ratio, &questions::SHARE_RATIO, &percent)?;
    let image = InitQuestion {
        default: wiring::current_image(network.name()),
        ..questions::IMAGE
    };
    let image = ask(&args.image, &image, &|text| {
        image_of(registry, network, text)
    })?;
    let (public_address, mut devnet) = if network == PoolNetwork::Devnet {
        let devnet = DevnetAnswers {
            core_rpc: ask(&args.core_rpc, &questions::CORE_RPC, &url)?,
            espace_rpc: args
                .espace
                .then(|| ask(&args.espace_rpc, &questions::ESPACE_RPC, &url))
                .transpose()?,
            node_files: ask(
                &folder(args.node_files.as_deref()),
                &questions::NODE_FILES,
                &one_line,
            )?,
            docker_network: ask(&args.docker_network, &questions::DOCKER_NETWORK, &word)?,
            bootnodes: ask(&args.bootnodes, &questions::BOOTNODES, &nodes)?,
        };
        let address = args.public_address.as_deref().unwrap_or_default();
        (checked(address, &address_or_none)?, Some(devnet))
    } else {
        (
            ask(
                &args.public_address,
                &questions::PUBLIC_ADDRESS,
                &address_or_none,
            )?,
            None,
        )
    };
    if let Some(devnet) = &mut devnet {
        devnet.node_files = from_spec(session, &devnet.node_files);
    }
    Ok(InitAnswers {
        network,
        name,
        share_ratio,
        image,
        public_address: Some(public_address).filter(|address| !address.is_empty()),
        code: code(session, args)?,
        attended: args.attended || devnet.is_some(),
        devnet,
        espace: args.espace,
        page: page(session, args)?,
        accept_irreversible: args.accept_irreversible,
    })
}

pub(crate) fn code(session: &Session<'_, '_>, args: &InitArgs) -> Result<SourceLocation, Failure> {
    if let Some(path) = folder(args.source.as_deref()) {
        let path = checked(&path, &one_line)?;
        return Ok(SourceLocation::Folder(from_spec(session, &path)));
    }
    let git = args.git.as_deref().unwrap_or(REFERENCE.0);
    let rev = args.rev.as_deref().unwrap_or(REFERENCE.1);
    Ok(SourceLocation::Git {
        url: checked(git, &one_line)?,
        rev: checked(rev, &commit)?,
    })
}

fn page(session: &Session<'_, '_>, args: &InitArgs) -> Result<Option<String>, Failure> {
    let Some(path) = folder(args.page.as_deref()) else {
        return Ok(None);
    };
    let path = checked(&path, &one_line)?;
    Ok(Some(from_spec(session, &path)))
}

fn folder(path: Option<&Path>) -> Option<String> {
    path.map(|path| path.display().to_string())
}

/// A path as the spec must write it: relative ones start at the spec's folder there,
/// and at the user's here.
fn from_spec(session: &Session<'_, '_>, path: &str) -> String {
    let absolute = session.project.path(Path::new(path));
    let inside = absolute.strip_prefix(session.project.folder());
    match inside {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => inside.display().to_string(),
        Err(_) => absolute.display().to_string(),
    }
}

/// The flag's answer, or the terminal's, or the default.
fn answer(
    session: &mut Session<'_, '_>,
    given: Option<&str>,
    question: &InitQuestion,
    check: Check<'_>,
) -> Result<String, Failure> {
    if let Some(given) = given {
        return checked(given, check);
    }
    let console = &mut *session.console;
    if !console.asks {
        let default = question
            .default
            .ok_or(Failure::MissingAnswer(question.flag))?;
        return checked(default, check);
    }
    loop {
        let Some(written) = console.ask(&question.prompt())? else {
            return Err(Failure::MissingAnswer(question.flag));
        };
        let written = match (written.as_str(), question.default) {
            ("", Some(default)) => default.to_owned(),
            ("", None) => continue,
            _ => written,
        };
        match check(&written) {
            Ok(answer) => return Ok(answer),
            Err((what, help)) => console.tell(&questions::format_wrong_answer(&what, &help)),
        }
    }
}

fn checked(text: &str, check: Check<'_>) -> Result<String, Failure> {
    check(text).map_err(|(what, help)| Failure::BadAnswer {
        what,
        help: help.into_owned(),
    })
}

/// An image that the node's provider takes on this network.
fn image_of(registry: &Registry, network: PoolNetwork, text: &str) -> Result<String, Wrong> {
    let text = word(text)?;
    match trial::find_image_problem(registry, network, &text) {
        None => Ok(text),
        Some(problem) => Err((problem.summary, problem.help.unwrap_or_default().into())),
    }
}

fn network_of(text: &str) -> PoolNetwork {
    match text {
        "mainnet" => PoolNetwork::Mainnet,
        "devnet" => PoolNetwork::Devnet,
        _ => PoolNetwork::Testnet,
    }
}

fn known_network(text: &str) -> Result<String, Wrong> {
    match text {
        "testnet" | "mainnet" | "devnet" => Ok(text.to_owned()),
        _ => Err(wrong(
            format!("there is no network `{text}`"),
            "write testnet, mainnet or devnet",
        )),
    }
}

fn one_line(text: &str) -> Result<String, Wrong> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(wrong(
            "the answer is not one line of text".to_owned(),
            "write at least one letter and no line break",
        ));
    }
    Ok(text.to_owned())
}

fn word(text: &str) -> Result<String, Wrong> {
    let text = one_line(text)?;
    if text.contains(char::is_whitespace) {
        return Err(wrong(
            format!("`{text}` has blanks"),
            "write it without blanks",
        ));
    }
    Ok(text)
}

fn url(text: &str) -> Result<String, Wrong> {
    let text = word(text)?;
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err(wrong(
            format!("`{text}` is not the URL of an RPC"),
            "write it as http://host:port",
        ));
    }
    Ok(text)
}

fn nodes(text: &str) -> Result<String, Wrong> {
    let text = word(text)?;
    if !text.split(',').all(|node| node.starts_with("cfxnode://")) {
        return Err(wrong(
            format!("`{text}` is no list of nodes"),
            "write `cfxnode://…@ip:port`, with commas between several",
        ));
    }
    Ok(text)
}

fn percent(text: &str) -> Result<String, Wrong> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hundredths = whole
        .parse::<u32>()
        .ok()
        .and_then(|whole| whole.checked_mul(100));
    let fits = hundredths.is_some_and(|hundredths| {
        hundredths < 10_000 || (hundredths == 10_000 && part.bytes().all(|b| b == b'0'))
    });
    // 0.9 may be meant as nine tenths.
    let is_fraction =
        !text.ends_with('%') && text.contains('.') && matches!(hundredths, Some(..=100));
    if is_fraction {
        return Err(wrong(
            format!("`{text}` may be a part of 1 or of 100"),
            "write it with its sign: 90% or 0.9%",
        ));
    }
    if digits(whole) && digits(part) && part.len() <= 2 && fits {
        Ok(format!("{number}%"))
    } else {
        Err(wrong(
            format!("`{text}` is no part of the rewards"),
            "write 0% to 100% with at most two decimals",
        ))
    }
}

fn commit(text: &str) -> Result<String, Wrong> {
    if text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_owned());
    }
    Err(wrong(
        format!("`{text}` is not a full commit hash"),
        "write all 40 hexadecimal digits",
    ))
}

fn address_or_none(text: &str) -> Result<String, Wrong> {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Ok(address.to_string()),
        Ok(IpAddr::V6(_)) => Err(wrong(
            format!("`{text}` is an IPv6 address, and conflux-rust can announce none"),
            "write the IPv4 address, or leave it out: the node then only connects out",
        )),
        Err(_) if text.is_empty() => Ok(String::new()),
        Err(_) => Err(wrong(
            format!("`{text}` is no IP address"),
            "write it as 203.0.113.7",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_zero_to_a_hundred_percent() {
        for (text, read) in [
            ("90", "90%"),
            ("90%", "90%"),
            ("99.75%", "99.75%"),
            ("100.00", "100.00%"),
            ("0", "0%"),
        ] {
            assert_eq!(percent(text).unwrap(), read);
        }
        for wrong in [
            "",
            "%",
            "100.01",
            "101%",
            "-1",
            "+1",
            "9.999",
            ".5",
            "5.",
            "many",
            "99999999999",
        ] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_cannot_break_out_of_its_line() {
        assert!(one_line("a\nb").is_err());
        assert!(word("a b").is_err());
        assert!(commit("8d14448").is_err());
        assert!(url("ftp://x").is_err());
        assert!(address_or_none("example.org").is_err());
    }
}
