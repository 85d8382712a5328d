//! Every code that the source provider can show, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

pospool_model::codes! {
    AMBIGUOUS_CONTRACT = "source/ambiguous-contract",
        "Several files of the source define a contract of this name, so it is not clear which one is meant.",
        "Name the file too, such as `contracts/File.sol:NAME`.";
    COMPILE = "source/compile",
        "The compiler refused the sources.",
        "Read its messages, mend the sources, or name a `compiler` version that they are written for.";
    COMPILER_ANSWER = "source/compiler-answer",
        "The compiler's answer is not what its documentation promises, or its input or result could not be written as JSON, so nothing is taken from it.",
        "Run again; if it stays, use another version in `compiler`.";
    FILE_MISSING = "source/file-missing",
        "A file that a source imports does not exist in the project or in the pinned package.",
        "Correct the import or add the file; for a package, pin a version that has it with `npm install PACKAGE@VERSION`.";
    IO = "source/io",
        "A file or folder of the source or of the cache could not be read or written; the cause is what the operating system said.",
        "Check that the path of the message is there, its rights and the free space, then run again; the cache is `~/.cache/pospool` or `pospool` in `XDG_CACHE_HOME`.";
    LOCK = "source/lock",
        "`package-lock.json` cannot be used: it is too large, unreadable or older than npm 7, or a package in it has no version or is not from a registry.",
        "Write it anew with `npm install --package-lock-only` (npm 7 or newer), with packages of a registry.";
    NO_EFFECT = "source/no-effect",
        "The plan names an effect of a source, and a source has no effect outside, so there is nothing to carry out.",
        "Plan again with this version (`pospool plan`); if it stays, it is a defect of pospool.";
    NO_INTEGRITY = "source/no-integrity",
        "A package, or the compiler, is pinned without a usable hash, so what is loaded could not be checked.",
        "Run `npm install PACKAGE` in the source, so that its lock has the hash; for the compiler, write `compiler_integrity` as `sha512-…`.";
    NOT_DEPLOYABLE = "source/not-deployable",
        "The contract is an interface or an abstract contract, and has no code to deploy.",
        "Name a contract that inherits or implements it.";
    NOT_LOCKED = "source/not-locked",
        "A source file imports a package that `package-lock.json` does not pin, or there is no lock.",
        "Run `npm install PACKAGE` in the source, so that its lock pins it.";
    OUTPUT_TOO_LARGE = "source/output-too-large",
        "`git`, `npm` or the compiler wrote more than pospool reads, and was ended.",
        "Run the program by hand to see what it writes; for the compiler, name contracts with fewer or smaller sources.";
    OUTSIDE_TREE = "source/outside-tree",
        "An import leads out of its project or package, or is not a plain path, so it is not followed.",
        "Write the import as a path inside of the source or of a pinned package.";
    PACKAGE_MISSING = "source/package-missing",
        "The registry does not have the package in the version that is pinned.",
        "Check the registry setting of npm (`npm config get registry`) and the version in the lock or in `compiler`.";
    PANIC = "source/panic",
        "The thread that compiles the sources ended badly, so there is no result; nothing was changed outside.",
        "Run again; if it stays, report it with the message as a defect of pospool.";
    REQUEST = "source/request",
        "The source contradicts itself or names something that cannot be used: `git`, `rev`, `path`, `subdir`, a version, a file that is not UTF-8.",
        "Write `git` with `rev` (40 hex digits; `git ls-remote URL` prints it) or `path`, and a `subdir` with a folder `contracts`.";
    REVISION_MISMATCH = "source/revision-mismatch",
        "`rev` does not name the commit that was checked out, such as the hash of a tag object, so the sources are not used.",
        "Write the commit that the message says was checked out in `rev`, if that is the one that is meant.";
    REVISION_MISSING = "source/revision-missing",
        "The repository does not have the commit that `rev` names.",
        "Check `rev` and `git`: a full commit hash that a branch or tag of the repository contains (`git ls-remote URL`).";
    TIMEOUT = "source/timeout",
        "`git`, `npm` or the compiler did not finish in time (10 minutes for `git`, 5 for the others) and was ended.",
        "Run again: what was finished is kept in the cache; check the network if it stays.";
    TOO_LARGE = "source/too-large",
        "The sources are larger than a contract's can sensibly be: 16 MB for one file with its imports, 64 MB for the folder `contracts`.",
        "Name the right folder in `subdir`, or take files that are no sources out of it.";
    TOOL = "source/tool",
        "`git`, `npm` or `node` failed in a way that has no code of its own.",
        "Read at the end of the message what the program said, mend it, and run again; running the program by hand may tell more.";
    TOOL_MISSING = "source/tool-missing",
        "A program that the source needs (`node`, `npm` or `git`) was not found.",
        "Install it, or put its folder into PATH, then run again.";
    UNKNOWN_COMPILER = "source/unknown-compiler",
        "No hash is known for this version of the compiler, so it would be run unchecked.",
        "Use a version that the message lists, or write in `compiler_integrity` what `npm view solc@VERSION dist.integrity` prints.";
    UNKNOWN_CONTRACT = "source/unknown-contract",
        "No file of the source defines a contract of this name.",
        "Correct the name (the message shows the closest one that exists), or name the right project folder in `subdir`.";
    UNLINKED = "source/unlinked",
        "The contract must be linked with libraries that are deployed apart, and pospool does not link.",
        "Name a contract that needs no such library, or make the library's functions `internal`, so that they become part of the contract.";
    UNREACHABLE = "source/unreachable",
        "`git` or `npm` could not reach a server.",
        "Check the network, the proxy and the certificate settings (for npm: `npm ping`), then run again.";
    WEAK_INTEGRITY = "source/weak-integrity",
        "A package, or the compiler, is pinned by SHA-1 alone. Two packages with one SHA-1 can be made, so it does not say which one is loaded.",
        "Take the package's entry out of the lock and run `npm install PACKAGE@VERSION`, so that its lock has the sha512; for the compiler, write `compiler_integrity` as `sha512-…`.";
    WRONG_INTEGRITY = "source/wrong-integrity",
        "A package does not have the hash that the lock or the spec names, or the lock has another hash than the published package, so it is not used.",
        "Do not deploy: the registry or the lock has been changed; compare with another registry.";
}
