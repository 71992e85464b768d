//! Both jobs of benchmarks/load/traffic.ts on the `spop` crate and tokio. The crate is a codec: the connection is served
//! as the crate's examples do it. With `--batch`, ACKs are fed to the sink and flushed once no further frame has arrived,
//! which the examples do not do; both are measured.
use futures::{FutureExt, SinkExt, StreamExt};
use spop::{
    MAX_FRAME_SIZE_LIMIT, SpopCodec, SpopFrame, StatusCode, TypedData, VarScope,
    frame::{FramePayload, FrameType, Message},
    frames::{Ack, AgentDisconnect, AgentHello, FrameCapabilities, HaproxyHello},
};
use std::io;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

type Connection = Framed<TcpStream, SpopCodec>;

#[tokio::main]
async fn main() -> io::Result<()> {
    let batch = std::env::args().any(|argument| argument == "--batch");
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, batch));
    }
}

async fn disconnect(connection: &mut Connection, status: StatusCode) -> io::Result<()> {
    let frame = AgentDisconnect { status_code: status.to_u32(), message: status.message().to_string() };
    connection.send(Box::new(frame)).await?;
    connection.close().await
}

/// What a frame asks for. It is owned, so that no borrow of the frame is held while waiting.
enum Step {
    Greet(HaproxyHello),
    Acknowledge(Ack),
    Disconnect,
    Close,
    Ignore,
}

fn step(frame: &dyn SpopFrame) -> Step {
    match frame.frame_type() {
        FrameType::HaproxyHello => HaproxyHello::try_from(frame.payload()).map_or(Step::Close, Step::Greet),
        FrameType::HaproxyDisconnect => Step::Disconnect,
        FrameType::Notify => {
            let FramePayload::ListOfMessages(messages) = frame.payload() else { return Step::Ignore };
            let ack = Ack::new(frame.metadata().stream_id, frame.metadata().frame_id);
            Step::Acknowledge(match read(messages) {
                Some(score) => ack.set_var(VarScope::Session, "ip_score", score),
                None => ack,
            })
        }
        _ => Step::Ignore,
    }
}

async fn serve(stream: TcpStream, batch: bool) -> io::Result<()> {
    let mut connection = Framed::new(stream, SpopCodec::default());
    let mut next = connection.next().await;
    while let Some(Ok(frame)) = next {
        match step(frame.as_ref()) {
            Step::Greet(hello) => {
                if !greet(&mut connection, hello).await? {
                    return Ok(());
                }
            }
            Step::Acknowledge(ack) if batch => connection.feed(Box::new(ack)).await?,
            Step::Acknowledge(ack) => connection.send(Box::new(ack)).await?,
            Step::Disconnect => return disconnect(&mut connection, StatusCode::None).await,
            Step::Close => return Ok(()),
            Step::Ignore => {}
        }
        next = match connection.next().now_or_never() {
            Some(ready) => ready,
            None => {
                if batch {
                    connection.flush().await?;
                }
                connection.next().await
            }
        };
    }
    Ok(())
}

/// Answers the HELLO; false if the connection is over.
async fn greet(connection: &mut Connection, hello: HaproxyHello) -> io::Result<bool> {
    let Some(version) = hello.negotiate_version() else {
        disconnect(connection, StatusCode::BadVersion).await?;
        return Ok(false);
    };
    let max_frame_size = match hello.negotiate_max_frame_size(MAX_FRAME_SIZE_LIMIT) {
        Ok(size) => size,
        Err(status) => {
            disconnect(connection, status).await?;
            return Ok(false);
        }
    };
    connection.codec_mut().set_max_frame_size(max_frame_size);
    let capabilities = vec![FrameCapabilities::Pipelining];
    connection.send(Box::new(AgentHello { version, max_frame_size, capabilities })).await?;
    Ok(!hello.healthcheck.unwrap_or(false))
}

/// The score that answers these messages, if one of them asks for it.
fn read(messages: &[Message]) -> Option<i64> {
    let mut score = None;
    for message in messages {
        match message.name.as_str() {
            "check-client-ip" => {
                if let Some(address) = message.get("ip").and_then(last_octet) {
                    score = Some(address);
                }
            }
            "check-request" => score = Some(request_score(message)),
            _ => {}
        }
    }
    score
}

fn last_octet(value: &TypedData) -> Option<i64> {
    match value {
        TypedData::IPv4(address) => Some(i64::from(address.octets()[3])),
        TypedData::IPv6(address) => Some(i64::from(address.octets()[15])),
        _ => None,
    }
}

fn request_score(message: &Message) -> i64 {
    let mut score = 0;
    for name in ["method", "path", "query", "headers", "host"] {
        if let Some(TypedData::String(text)) = message.get(name) {
            score += text.len() as i64;
        }
    }
    score += message.get("src").and_then(last_octet).unwrap_or(0);
    if let Some(TypedData::Int64(port)) = message.get("src_port") {
        score += port;
    }
    if let Some(TypedData::Bool(true)) = message.get("ssl") {
        score += 1;
    }
    score
}
