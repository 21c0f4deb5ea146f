//! Closes connections that do not say what they speak.
//!
//! hyper's header time-out begins once it knows whether the client speaks HTTP/1 or HTTP/2. Until the first bytes tell,
//! it would wait for ever, and a few thousand silent connections would use up the server's file descriptors.
//!
//! Owns: nothing. Calls: axum-server. Called by: `http::listener`.
//! Invariants: `super::tests::a_silent_connection_is_closed`, also after a beginning of the HTTP/2 preface
//! (`super::tests::half_a_preface_is_closed`). After a crash: nothing is left.

use axum_server::accept::Accept;
use std::{
    io::{self, ErrorKind},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// What an HTTP/2 connection begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An acceptor whose streams must soon show which protocol they speak.
#[derive(Debug, Clone)]
pub struct Patience<A> {
    inner: A,
    limit: Duration,
}

impl<A> Patience<A> {
    /// Waits `limit` for the first bytes after what `inner` does.
    pub fn new(inner: A, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

impl<A, I, S> Accept<I, S> for Patience<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
    A::Stream: Send,
    A::Service: Send,
{
    type Stream = Opening<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let (accepting, limit) = (self.inner.accept(stream, service), self.limit);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let deadline = Some(Box::pin(tokio::time::sleep(limit)));
            Ok((Opening { stream, deadline, matched: 0 }, service))
        })
    }
}

/// A stream with a deadline until its protocol is known.
pub struct Opening<S> {
    stream: S,
    deadline: Option<Pin<Box<Sleep>>>,
    matched: usize,
}

impl<S> Opening<S> {
    /// The protocol is known once the bytes differ from the preface, or are all of it.
    fn look_at(&mut self, bytes: &[u8]) {
        let rest = &PREFACE[self.matched..];
        let compared = bytes.len().min(rest.len());
        self.matched += compared;
        if bytes[..compared] != rest[..compared] || self.matched == PREFACE.len() {
            self.deadline = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(deadline) = &mut this.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        if this.deadline.is_some() {
            this.look_at(&buf.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
