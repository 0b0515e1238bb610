//! The command line's end of the control socket.

use super::{Answer, Call, MAX_ANSWER, socket_path};
use crate::config::Config;
use crate::exit::Failure;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long the daemon may take: a registration waits for the disk.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take until it sends more bytes: it makes a backup of hundreds of megabytes on a slow card.
const BYTES_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Asks the running daemon.
pub(crate) fn call(config: &Config, call: &Call) -> Result<Answer, Failure> {
    call_with(config, call, &[])
}

/// The same with these bytes after the question, which says how many they are.
pub(crate) fn call_with(config: &Config, call: &Call, bytes: &[u8]) -> Result<Answer, Failure> {
    let path = socket_path(config);
    let stream = UnixStream::connect(&path).map_err(|error| unreachable(&path.display().to_string(), &error))?;
    let (line, _) = ask(stream, call, bytes, TIMEOUT)
        .map_err(|error| Failure::temporary(format!("the daemon did not answer: {error}")))?;
    understood(&line)
}

/// The same; what comes after the answer is read from what is returned.
pub(crate) fn call_for_bytes(config: &Config, call: &Call) -> Result<(Answer, impl Read), Failure> {
    let path = socket_path(config);
    let stream = UnixStream::connect(&path).map_err(|error| unreachable(&path.display().to_string(), &error))?;
    // Nothing comes while the daemon makes what is asked for.
    let (line, rest) = ask(stream, call, &[], BYTES_TIMEOUT)
        .map_err(|error| Failure::temporary(format!("the daemon did not answer: {error}")))?;
    Ok((understood(&line)?, rest))
}

fn understood(line: &str) -> Result<Answer, Failure> {
    match serde_json::from_str(line) {
        Ok(Answer::Refused { message, try_again: true }) => Err(Failure::temporary(message)),
        Ok(Answer::Refused { message, try_again: false }) => Err(Failure::failed(message)),
        Ok(answer) => Ok(answer),
        Err(error) => {
            Err(Failure::failed(format!("the daemon's answer makes no sense; is it another version? {error}")))
        }
    }
}

fn unreachable(path: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Failure::temporary(format!(
            "no daemon is running on this data directory ({path}); start it with gatehouse run"
        )),
        ErrorKind::PermissionDenied => Failure::failed(format!(
            "{path} may not be opened by this user; use sudo, or be a member of group gatehouse"
        )),
        _ => Failure::failed(format!("cannot reach the daemon at {path}: {error}")),
    }
}

fn ask(
    mut stream: UnixStream,
    call: &Call,
    bytes: &[u8],
    timeout: Duration,
) -> std::io::Result<(String, BufReader<UnixStream>)> {
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut question = serde_json::to_string(call)?;
    question.push('\n');
    stream.write_all(question.as_bytes())?;
    stream.write_all(bytes)?;
    let mut line = String::new();
    let mut reader = BufReader::new(stream);
    reader.by_ref().take(MAX_ANSWER).read_line(&mut line)?;
    if line.is_empty() {
        return Err(std::io::Error::new(ErrorKind::UnexpectedEof, "it closed the connection"));
    }
    Ok((line, reader))
}
