//! Pages for people: what is verified, and one contract.
//!
//! - Reads: the records of a space.
//! - Returns: HTML.
//! - Never: puts a text of a client into a page without escaping it.

use crate::ExplorerSpace;
use crate::address::ContractAddress;
use crate::http::Response;
use crate::record::VerifiedContract;
use crate::site::SpaceSite;

/// Makes the page of a path, if the path is one of a page.
pub(crate) async fn make_page(site: &SpaceSite, method: &str, path: &str) -> Option<Response> {
    if method != "GET" {
        return None;
    }
    if path == "/" {
        return Some(Response::html(200, list(site)));
    }
    let text = path.strip_prefix("/address/")?;
    let address = site.chain.network.asked("address", text, false).ok();
    let record = match address {
        Some(address) => site.verified(address).await.map(|record| (address, record)),
        None => None,
    };
    Some(match record {
        Some((address, record)) => Response::html(200, contract(site, address, &record)),
        None => Response::html(404, frame(site, "<p>Not verified.</p>")),
    })
}

fn list(site: &SpaceSite) -> String {
    let records = site.records();
    let rows = records.iter().map(|(address, record)| {
        let (address, name) = (site.chain.network.text(*address), escape(&record.contract));
        let level = level(record);
        format!("<tr><td><a href=\"/address/{address}\">{address}</a><td>{name}<td>{level}\n")
    });
    let rows: String = rows.collect();
    let body = format!("<table>\n<tr><th>address<th>contract<th>runtime, creation\n{rows}</table>");
    drop(records);
    frame(site, &body)
}

fn contract(site: &SpaceSite, address: ContractAddress, record: &VerifiedContract) -> String {
    let sources = record.input["sources"].as_object();
    let sources = sources.into_iter().flatten().map(|(name, source)| {
        let content = source["content"].as_str().unwrap_or_default();
        format!(
            "<h2>{}</h2>\n<pre>{}</pre>\n",
            escape(name),
            escape(content)
        )
    });
    let sources: String = sources.collect();
    let body = format!(
        "<p>{}</p>\n<p>{} &middot; {} &middot; v{} &middot; licence {} &middot; {}</p>\n{sources}",
        site.chain.network.text(address),
        escape(&record.contract),
        escape(&record.file),
        record.compiler,
        record.licence,
        level(record),
    );
    frame(site, &body)
}

fn level(record: &VerifiedContract) -> String {
    let [runtime, creation] = [record.runtime, record.creation]
        .map(|level| level.map_or_else(|| "-".to_owned(), |level| level.to_string()));
    format!("{runtime}, {creation}")
}

fn frame(site: &SpaceSite, body: &str) -> String {
    let space = match site.chain.network.space {
        ExplorerSpace::Core => "Core Space",
        ExplorerSpace::Espace => "eSpace",
    };
    let title = format!(
        "Test explorer, {space} of network {}",
        site.chain.network.id
    );
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>body {{ font: 16px sans-serif; margin: 2em }} pre {{ background: #eee; padding: 1em }}\n\
         td, th {{ text-align: left; padding: 0 1em 0 0 }}</style>\n\
         <h1><a href=\"/\">{title}</a></h1>\n{body}\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_of_a_client_is_no_markup() {
        assert_eq!(
            super::escape("<b a=\"1\">&"),
            "&lt;b a=&quot;1&quot;&gt;&amp;"
        );
    }
}
