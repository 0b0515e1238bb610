//! Machines of their own for runs of what crosses a network: network namespaces on one bridge.

use crate::home::Home;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::Command;

/// Machines on one bridge. They are gone when this is dropped. Making them panics where one may not: it needs root.
#[derive(Debug)]
pub struct Net {
    /// Keeps it apart from those of other runs.
    name: String,
    machines: Vec<String>,
}

impl Net {
    /// `of` tells it from those of other runs.
    pub fn new(of: &str) -> Self {
        let name = format!("gatehouse-{of}-{}", std::process::id());
        let net = Self { machines: vec![name.clone()], name };
        net.ip(&["netns", "add", &net.name]);
        net.on(&net.name, "link add br0 type bridge");
        net.on(&net.name, "link set br0 up");
        net
    }

    fn ip(&self, arguments: &[&str]) {
        let needs = "this makes network namespaces: it needs root, in a container CAP_SYS_ADMIN and CAP_NET_ADMIN, \
                     and Debian's package iproute2";
        let ran = Command::new("ip").args(arguments).output().unwrap_or_else(|error| panic!("{needs}: ip: {error}"));
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{needs}: ip {arguments:?}: {said}");
    }

    /// `ip` on that machine.
    pub fn on(&self, machine: &str, arguments: &str) {
        self.ip(&[&["-n", machine], &arguments.split(' ').collect::<Vec<_>>()[..]].concat());
    }

    /// A machine with this address.
    pub fn machine(&mut self, what: &str, address: Ipv4Addr) -> String {
        let machine = format!("{}-{what}", self.name);
        self.ip(&["netns", "add", &machine]);
        self.machines.push(machine.clone());
        self.on(&self.name, &format!("link add {what} type veth peer name eth0 netns {machine}"));
        self.on(&self.name, &format!("link set {what} master br0 up"));
        self.on(&machine, &format!("addr add {address}/24 dev eth0"));
        self.on(&machine, "link set lo up");
        self.on(&machine, "link set eth0 up");
        machine
    }

    /// Runs a test on that machine, in a thread of its own, to its end: no other test is to find itself there. It is no use to block for
    /// what runs in the caller's thread meanwhile.
    pub fn run_on<F: Future<Output: Send>>(&self, machine: &str, test: impl FnOnce() -> F + Send) -> F::Output {
        let run = || {
            enter(machine);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(test())
        };
        std::thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for machine in &self.machines {
            let _never_made = Command::new("ip").args(["netns", "delete", machine]).output();
        }
    }
}

/// From here on this thread is on that machine: what it opens and starts.
pub fn enter(machine: &str) {
    let namespace = File::open(format!("/var/run/netns/{machine}")).expect("a namespace");
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may change over");
}

/// Starts the home's gateway anew with `from` replaced by `to` in its configuration.
pub async fn reconfigure(home: &mut Home, from: &str, to: &str) {
    home.stop().await;
    let text = std::fs::read_to_string(home.config()).expect("the configuration");
    assert!(text.contains(from), "{text}");
    std::fs::write(home.config(), text.replace(from, to)).expect("the configuration can be written");
    home.start().await;
}
