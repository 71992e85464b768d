//! What both programs share: reading the two messages of benchmarks/load/traffic.ts out of what the `spop` crate decodes.
use spop::{TypedData, frame::Message};

/// The score that answers these messages, if one of them asks for it.
pub fn read(messages: &[Message]) -> Option<i64> {
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

/// The payloads and expected scores that benchmarks/load/traffic.ts wrote.
pub fn traffic(path: &str) -> Vec<(Vec<u8>, i64)> {
    let data = std::fs::read(path).expect("the traffic file");
    let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().expect("four bytes"));
    let mut at = 4;
    (0..word(0))
        .map(|_| {
            let size = word(at) as usize;
            let expected = i64::from(word(at + 4) as i32);
            let payload = data[at + 8..at + 8 + size].to_vec();
            at += 8 + size;
            (payload, expected)
        })
        .collect()
}
