//! Every code that the web server can show, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    FOLDER = "serve/folder",
        "The folder cannot be served as a page: it has no `index.html`, too many or too large files, folders nested too deep, or a name that is not UTF-8.",
        "Name the folder of a built page that has an `index.html`, and remove what the message names.";
    LISTEN = "serve/listen",
        "The server cannot listen on its address: another process has it, or it is no address of this machine.",
        "Give another address with `--listen`, or end the process that uses it.";
    ORIGIN = "serve/origin",
        "A value of `--connect` is not an origin, which is what a page may connect to.",
        "Write `https://` and a host, perhaps with a port, without a path, such as `https://main.confluxrpc.com`.";
    READ = "serve/read",
        "A file or folder of the page cannot be read.",
        "Check its owner and mode, and that it exists.";
    UNWELL = "serve/unwell",
        "A health check found no server at the address, or one that does not answer with status 200 within its time limit.",
        "Check that `pospool serve` runs and listens on the address that is given with `--probe`.";
}
