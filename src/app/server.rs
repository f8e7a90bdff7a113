//! The HTTP server: HTTP/1.1 with keep-alive, plain or under TLS, bounded in connections, in patience and
//! in the size of a head, and drained when it stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::Service;

use super::settings::Server;

/// Largest head of a request; ours have some 500 octets.
const LARGEST_HEAD: usize = 16 * 1024;

/// Connections that may wait to be taken in; the kernel allows at most `net.core.somaxconn` of them, 4096 where nobody
/// set it. Who finds no place tries again after a second: a long one for a woman whose operator opens a connection for
/// each turn.
const BACKLOG: u32 = 4096;

/// Pause after an error that another try would meet at once (no file descriptor left).
const PAUSE: Duration = Duration::from_millis(50);

/// How much and how slow.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Most connections at once.
    pub connections: usize,
    /// A head must be complete within this time, also on an idle connection; and before it the handshake
    /// of TLS.
    pub head: Duration,
    /// What is under way at the end may take this long.
    pub drain: Duration,
}

impl From<&Server> for HttpLimits {
    fn from(server: &Server) -> Self {
        Self {
            connections: server.max_connections,
            head: Duration::from_secs(server.head_timeout_seconds),
            drain: Duration::from_secs(server.drain_seconds),
        }
    }
}

/// Takes that address; in a runtime of tokio.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A node that starts again takes it although old connections have not timed out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop`, then lets what is under way finish. With `tls` it speaks nothing else.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: HttpLimits,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let (open, closing) = watch::channel(());
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Small answers must not wait for more to fill a packet.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        let connection = Connection { router: router.clone(), peer };
        let (watcher, tls, closing) = (graceful.watcher(), tls.clone(), closing.clone());
        tokio::spawn(async move {
            match tls {
                None => connection.carry(stream, limits.head, watcher).await,
                Some(tls) => {
                    if let Some(stream) = shake_hands(&tls, stream, limits.head, closing).await {
                        connection.carry(stream, limits.head, watcher).await;
                    }
                }
            }
            drop(place);
        });
    }
    // Nobody is served any more who has only begun to shake hands.
    drop(open);
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = limits.drain.as_secs(), "some requests did not finish in time");
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, Option<OwnedSemaphorePermit>)> {
    // The semaphore is never closed, so there is always a place in the end.
    let place = Arc::clone(places).acquire_owned().await.ok();
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// The connection under TLS; none where the other side speaks something else, or is slower than that.
async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
    patience: Duration,
    mut closing: watch::Receiver<()>,
) -> Option<TlsStream<TcpStream>> {
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(patience, tls.accept(stream)) => shaken,
        _ = closing.changed() => return None,
    };
    match shaken {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake of TLS failed");
            None
        }
        Err(_) => {
            tracing::debug!("a handshake of TLS took too long");
            None
        }
    }
}

fn http(head: Duration) -> hyper::server::conn::http1::Builder {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head).max_buf_size(LARGEST_HEAD);
    http
}

/// The router, for one connection: it tells the handlers who the peer is.
struct Connection {
    router: Router,
    peer: SocketAddr,
}

impl Connection {
    /// Answers its requests until either side has enough.
    async fn carry<S>(self, stream: S, head: Duration, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = http(head).serve_connection(TokioIo::new(stream), self);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

impl hyper::service::Service<hyper::Request<Incoming>> for Connection {
    type Response = Response;
    type Error = Infallible;
    type Future = axum::routing::future::RouteFuture<Infallible>;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        // A router is always ready, and its clone shares everything.
        self.router.clone().call(request.map(Body::new))
    }
}
