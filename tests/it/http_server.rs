//! The HTTP server by itself: patience, bounds, draining, and what a wrong address is told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use mamacare::app::server::{HttpLimits, listen, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::{JoinHandle, JoinSet};

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn start(router: Router, limits: HttpLimits) -> Running {
    let listener = listen(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(serve(listener, None, router, limits, async {
        let _ = stopped.await;
    }));
    Running { address, stop, task }
}

fn limits() -> HttpLimits {
    HttpLimits { connections: 10, head: Duration::from_secs(30), drain: Duration::from_secs(10) }
}

fn ok() -> Router {
    Router::new().route("/", get(async || "ok"))
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// Sends, and reads until the server closes.
async fn all_of(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn one_answer(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8(answer[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = start(ok(), limits());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..3 {
        assert!(one_answer(&mut stream, REQUEST).await.ends_with("ok"));
    }
}

#[tokio::test]
async fn hundreds_may_knock_in_one_moment() {
    // Nobody is let in: who found no place would try again, and never come.
    let listener = listen(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap();
    let all: JoinSet<_> = (0..400).map(|_| TcpStream::connect(address)).collect();
    let all = tokio::time::timeout(Duration::from_secs(20), all.join_all()).await;
    assert!(all.expect("some found no place").into_iter().all(|one| one.is_ok()));
}

#[tokio::test]
async fn a_head_that_trickles_is_cut_off() {
    let server = start(ok(), HttpLimits { head: Duration::from_millis(300), ..limits() });
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let begun = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = start(ok(), limits());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nfiller: {}\r\n\r\n", "x".repeat(40_000));
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
}

#[tokio::test]
async fn more_connections_wait_for_a_place() {
    let answered = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&answered);
    let router = Router::new().route(
        "/",
        get(async move || {
            counting.fetch_add(1, Ordering::Relaxed);
            "ok"
        }),
    );
    let server = start(router, HttpLimits { connections: 1, ..limits() });
    let mut first = TcpStream::connect(server.address).await.unwrap();
    assert!(one_answer(&mut first, REQUEST).await.ends_with("ok"));
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    // Who has a place is served again and again while the other waits.
    for _ in 0..50 {
        assert!(one_answer(&mut first, REQUEST).await.ends_with("ok"));
    }
    assert_eq!(answered.load(Ordering::Relaxed), 51, "the second was served beside the first");
    drop(first);
    assert_eq!(second.read(&mut [0; 1]).await.unwrap(), 1);
    assert_eq!(answered.load(Ordering::Relaxed), 52);
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_the_end() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let router = {
        let (entered, go) = (Arc::clone(&entered), Arc::clone(&go));
        Router::new().route(
            "/",
            post(async move || {
                entered.notify_one();
                go.notified().await;
                "done"
            }),
        )
    };
    let Running { address, stop, task } = start(router, limits());
    let mut busy = TcpStream::connect(address).await.unwrap();
    let answer = tokio::spawn(async move { all_of(&mut busy, b"POST / HTTP/1.1\r\nhost: x\r\n\r\n").await });
    entered.notified().await;
    stop.send(()).unwrap();
    // Nobody is let in any more, and the one who is in gets an answer.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!task.is_finished());
    go.notify_one();
    assert!(answer.await.unwrap().ends_with("done"));
    task.await.unwrap();
}

#[tokio::test]
async fn who_never_finishes_does_not_hold_up_the_end() {
    let router = Router::new().route("/", get(async || std::future::pending::<()>().await));
    let Running { address, stop, task } =
        start(router, HttpLimits { drain: Duration::from_millis(200), ..limits() });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let idle = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    drop(idle);
}
