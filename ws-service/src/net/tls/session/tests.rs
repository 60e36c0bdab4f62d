//! A session and rustls's client, each at one end of a socket that holds little.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use rcgen::{KeyPair, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, ProtocolVersion, SignatureScheme,
    StreamOwned,
};

use super::*;

type Client = StreamOwned<ClientConnection, UnixStream>;

/// Whoever it is, it is the right one.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// A session behind its handshake.
struct Pair {
    session: Session,
    stream: Stream,
    scratch: Scratch,
    client: Client,
}

impl Pair {
    fn new(version: ProtocolVersion) -> Self {
        let provider = Arc::new(ring::default_provider());
        let versions = match version {
            ProtocolVersion::TLSv1_2 => &rustls::version::TLS12,
            _ => &rustls::version::TLS13,
        };
        let rcgen::CertifiedKey { cert, signing_key }: rcgen::CertifiedKey<KeyPair> =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[versions])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[versions])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let mut session = Session::new(Arc::new(server)).unwrap();
        let (stream, mut scratch) = (Stream::from(ours), Scratch::default());
        while session.is_shaking() {
            // Nothing to read, for now, is no error here.
            let _ = client.complete_io(&mut theirs);
            scratch.plain.clear();
            session.receive(&stream, &mut scratch, usize::MAX);
        }
        let _ = client.complete_io(&mut theirs);
        Self { session, stream, scratch, client: StreamOwned::new(client, theirs) }
    }

    fn send(&mut self, slices: &[&[u8]]) -> Sent {
        let slices: Vec<_> = slices.iter().map(|it| IoSlice::new(it)).collect();
        self.session.send(&self.stream, &mut self.scratch, &slices).unwrap()
    }

    /// All that the client gets without waiting.
    fn heard(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.client.read(&mut buffer) {
            heard.extend_from_slice(&buffer[..count]);
        }
        heard
    }

    /// Takes what the client sends.
    fn receive(&mut self) -> Taken {
        self.scratch.plain.clear();
        self.session.receive(&self.stream, &mut self.scratch, usize::MAX).0
    }
}

fn both(test: impl Fn(Pair)) {
    for version in [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3] {
        test(Pair::new(version));
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..=250).cycle().take(count).collect()
}

/// What the shard reports as written is out, but for its last byte: so it knows that it waits for the
/// socket, and that nothing may be put in between.
#[test]
fn the_last_byte_is_held_until_all_is_out() {
    both(|mut pair| {
        let message = bytes(50_000);
        let (mut total, mut heard) = (0, Vec::new());
        let sent = loop {
            let sent = pair.send(&[&message]);
            assert!(!sent.has_room, "all of it was taken");
            total += message.len();
            assert!(total < 1 << 28, "a socket without end");
            if sent.count < message.len() {
                break sent;
            }
        };
        assert_eq!(sent.count, message.len() - 1);
        assert!(pair.session.wants_room());
        let last = &message[message.len() - 1..];
        assert_eq!(pair.send(&[last]).count, 0, "the socket is full");
        while heard.len() < total {
            heard.extend(pair.heard());
            if pair.session.wants_room() && pair.send(&[last]).count == 1 {
                assert!(!pair.session.wants_room());
            }
        }
        assert!(heard.chunks(message.len()).all(|it| it == message));
        assert_eq!(heard.len(), total, "the last byte is sent once");
    });
}

/// Of more than a batch the rest is offered again: no event would ask for it.
#[test]
fn more_than_a_batch_goes_in_several() {
    both(|mut pair| {
        let message = bytes(BATCH + 10);
        let sent = pair.send(&[&message[..5], &message[5..]]);
        assert!(sent.has_room);
        assert_eq!(sent.count, BATCH);
        let sent = pair.send(&[&message[BATCH..]]);
        assert!(!sent.has_room);
        assert_eq!(sent.count, 10);
        assert_eq!(pair.heard(), message);
    });
}

/// An idle session owns no buffer, whatever has passed through it.
#[test]
fn an_idle_session_owns_no_buffer() {
    both(|mut pair| {
        let message = bytes(60_000);
        for _ in 0..5 {
            pair.client.write_all(&message).unwrap();
            let mut heard = Vec::new();
            while heard.len() < message.len() {
                assert!(matches!(pair.receive(), Taken::Plain));
                heard.append(&mut pair.scratch.plain);
                let _ = pair.client.flush();
            }
            assert!(heard == message);
            pair.send(&[&message]);
            pair.heard();
        }
        let Session { incoming, outgoing, .. } = &pair.session;
        assert_eq!((incoming.capacity(), outgoing.capacity()), (0, 0));
    });
}

/// Behind what can't be read, nothing is asked of rustls; what came whole before it is taken.
#[test]
fn what_came_whole_before_a_fault_is_taken_first() {
    both(|mut pair| {
        pair.client.write_all(b"whole").unwrap();
        pair.client.sock.write_all(&[23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).unwrap();
        pair.client.sock.write_all(&[0; 10]).unwrap();
        assert!(matches!(pair.receive(), Taken::Plain));
        assert_eq!(pair.scratch.plain, b"whole");
        assert_eq!(pair.send(&[b"an answer"]).count, 0);
        assert!(matches!(pair.receive(), Taken::Failed(_)));
        let mut buffer = [0; 10];
        assert!(pair.client.read(&mut buffer).unwrap_err().to_string().contains("BadRecordMac"));
    });
}
