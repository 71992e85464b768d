//! Both jobs of benchmarks/load/traffic.ts on the `spop` crate and tokio. The crate is a codec: the connection is served
//! as its examples do it. With `--batch`, ACKs are fed to the sink and flushed once no further frame has arrived, which
//! the examples do not do; both are measured.
use futures::{FutureExt, SinkExt, StreamExt};
use spop::{
    MAX_FRAME_SIZE_LIMIT, SpopCodec, SpopFrame, StatusCode, VarScope,
    frame::{FramePayload, FrameType},
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

/// What a frame asks for, owned, so that no borrow of the frame is held while waiting.
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
            Step::Acknowledge(match spop_tokio::read(messages) {
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

/// False where the connection is over.
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
