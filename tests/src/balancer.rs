//! What stands before several processes of one office: each request goes to the next of them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The balancer; serves until the process ends.
#[derive(Debug, Clone)]
pub struct Balancer {
    port: u16,
    requests: Arc<Vec<AtomicUsize>>,
}

impl Balancer {
    /// Stands before these ports of this machine. One that does not answer is passed over.
    ///
    /// # Errors
    /// [`io::Error`].
    pub fn open(offices: &[u16]) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let requests = offices.iter().map(|_| AtomicUsize::new(0)).collect();
        let balancer = Self { port: listener.local_addr()?.port(), requests: Arc::new(requests) };
        let (inner, offices) = (balancer.clone(), offices.to_vec());
        std::thread::spawn(move || {
            for (turn, tablet) in listener.incoming().flatten().enumerate() {
                let (balancer, offices) = (inner.clone(), offices.clone());
                std::thread::spawn(move || balancer.serve(&tablet, turn, &offices));
            }
        });
        Ok(balancer)
    }

    /// The address to give to a tablet.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many requests each port has been given.
    #[must_use]
    pub fn requests(&self) -> Vec<usize> {
        self.requests.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }

    fn serve(&self, tablet: &TcpStream, turn: usize, offices: &[u16]) {
        for step in 0..offices.len() {
            let index = (turn + step) % offices.len();
            let Ok(office) = TcpStream::connect((Ipv4Addr::LOCALHOST, offices[index])) else { continue };
            self.requests[index].fetch_add(1, Ordering::SeqCst);
            // Whoever breaks off ends both connections; the tablet asks again.
            let _ = join(tablet, &office);
            return;
        }
    }
}

/// Carries one request and its answer.
fn join(tablet: &TcpStream, office: &TcpStream) -> io::Result<()> {
    let (mut from_office, mut to_tablet) = (office.try_clone()?, tablet.try_clone()?);
    let back = std::thread::spawn(move || {
        let _ = io::copy(&mut from_office, &mut to_tablet);
        let _ = to_tablet.shutdown(Shutdown::Both);
    });
    let (mut from_tablet, mut to_office) = (tablet.try_clone()?, office.try_clone()?);
    let sent = ask_for_one_answer(&mut from_tablet, &mut to_office)
        .and_then(|()| io::copy(&mut from_tablet, &mut to_office));
    let _ = to_office.shutdown(Shutdown::Both);
    let _ = back.join();
    sent.map(drop)
}

/// Passes the request line on, and a header with which the connection ends after the answer: the next request comes on
/// a connection of its own, and goes to the next office.
fn ask_for_one_answer(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let (mut line, mut byte) = (Vec::new(), [0; 1]);
    while !line.ends_with(b"\r\n") {
        from.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    line.extend(b"connection: close\r\n");
    to.write_all(&line)
}
