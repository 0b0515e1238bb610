//! One kept HTTP/1.1 connection.

use anyhow::{Context, bail};
use bytes::{Buf, Bytes, BytesMut};
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Header lines an answer may have.
const MAX_HEADERS: usize = 64;

/// A connection on which one request follows the other.
pub(crate) struct Http {
    stream: TcpStream,
    inbox: BytesMut,
    /// What every request says: whom it is for, and who asks.
    headers: String,
}

impl Http {
    /// Connects; with a token, every request presents it.
    pub(crate) async fn connect(address: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        Self::over(TcpStream::connect(address).await?, address, token)
    }

    /// As [`Self::connect`], from an address of this machine; all of 127.0.0.0/8 are.
    pub(crate) async fn connect_from(from: IpAddr, address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        Self::over(socket.connect(address).await?, address, None)
    }

    fn over(stream: TcpStream, address: SocketAddr, token: Option<&str>) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        let mut headers = format!("host: {address}\r\n");
        if let Some(token) = token {
            headers.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        Ok(Self { stream, inbox: BytesMut::with_capacity(8 * 1024), headers })
    }

    /// The status of a GET.
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers);
        Ok(self.exchange(&request).await?.0)
    }

    /// The answer to one GraphQL request.
    pub(crate) async fn graphql(&mut self, request: &str) -> anyhow::Result<Bytes> {
        let length = request.len();
        let head = format!("POST /graphql HTTP/1.1\r\n{}content-type: application/json\r\n", self.headers);
        let (status, body) = self.exchange(&format!("{head}content-length: {length}\r\n\r\n{request}")).await?;
        if status != 200 {
            bail!("the gateway answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    async fn exchange(&mut self, request: &str) -> anyhow::Result<(u16, Bytes)> {
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if let Some(answer) = self.answer()? {
                return Ok(answer);
            }
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                bail!("the gateway closed the connection");
            }
        }
    }

    /// The answer, once all of it is there.
    fn answer(&mut self) -> anyhow::Result<Option<(u16, Bytes)>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = response.parse(&self.inbox)? else { return Ok(None) };
        let status = response.code.context("an answer without a status")?;
        let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length: usize = std::str::from_utf8(length.context("an answer without a length")?.value)?.parse()?;
        if self.inbox.len() < head + length {
            return Ok(None);
        }
        self.inbox.advance(head);
        Ok(Some((status, self.inbox.split_to(length).freeze())))
    }
}
