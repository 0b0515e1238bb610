// The board as a process that speaks TLS, with servers that do it well and servers that do not.
#include <doctest/doctest.h>

#include "pki.hpp"

using namespace gatehouse::test;

namespace {

/// The first bytes of a ClientHello; a CONNECT in the clear would begin with 0x10.
constexpr char kHandshake[] = "\x16\x03";

struct Bench {
    Directory directory;

    Bench() { std::ofstream(directory.file("secret")) << "very-secret\n"; }
    std::vector<std::string> arguments(const std::string& gateway, const std::string& ca) {
        return {"--flash",       directory.file("flash"),
                "--id",          "relay-7",
                "--secret-file", directory.file("secret"),
                "--gateway",     gateway,
                "--relays",      "2",
                "--ca",          ca};
    }
};

/// What a board says of `certificate` of `signer` when it trusts `trusted`.
std::string refusal(const Pki& trusted, const Pki& signer, const std::string& certificate) {
    Bench bench;
    const Broker broker(signer, certificate);
    Process board(bench.arguments(broker.gateway, trusted.ca()));
    return board.errorLine();
}

Leaf named(const std::string& names) {
    Leaf leaf;
    leaf.names = names;
    return leaf;
}

bool says(const std::string& line, const std::string& part) {
    CAPTURE(line);
    CAPTURE(part);
    CHECK(line.find(part) != std::string::npos);
    CHECK(line.find("trying again in") != std::string::npos);
    return line.find(part) != std::string::npos;
}

/// What the board says when its handshake is answered with `answer`, and closed upon.
std::string answeredWith(const std::string& ca, const std::string& answer) {
    Bench bench;
    Listener listener;
    Process board(bench.arguments(listener.gateway, ca));
    Peer peer = listener.accept();
    CHECK(peer.bytes().substr(0, 2) == kHandshake);
    if (!answer.empty()) {
        peer.send(answer);
    }
    peer.finish();
    return board.errorLine();
}

/// Whether the next handshake of an `openssl s_server` resumes a session.
bool resumes(Process& server) {
    CHECK(server.lineWith("CIPHER is") == "CIPHER is ECDHE-ECDSA-CHACHA20-POLY1305");
    bool resumed = false;
    for (std::string line; line != "Secure Renegotiation IS supported"; line = server.line()) {
        resumed = resumed || line == "Reused session-id";
    }
    return resumed;
}

}  // namespace

TEST_CASE("tls: a board of the home is ready, obeys, and says goodbye") {
    Pki home;
    Broker broker(home, home.sign("boards"));
    const auto sessions = broker.subscribe(home, "homie/5/relay-7/$session");
    const auto states = broker.subscribe(home, "homie/5/relay-7/$state");
    Bench bench;
    Process board(bench.arguments(broker.gateway, home.ca()));
    CHECK(board.errorLine() == "gatehouse-board: ready at " + broker.gateway + " with TLS");
    const std::string session = sessions->line().substr(0, 8);
    for (const char* const command : {" 1 999999999 relay-2/on true", " 2 999999999 relay-2/on false"}) {
        broker.publish(home, "homie/5/relay-7/$command", session + command);
    }
    CHECK(board.lineWith("cause=command") == "relay 2 on cause=command seq=1");
    CHECK(board.line() == "relay 2 off cause=command seq=2");
    board.type("quit");
    CHECK(board.exitCode() == 0);
    for (const char* const state : {"init", "ready", "disconnected"}) {
        CHECK(states->line() == state);
    }
}

TEST_CASE("tls: the authority outlives the process and every failure, and is removed by an empty --ca") {
    Pki home;
    Bench bench;
    Listener listener;
    {
        Process board(bench.arguments(listener.gateway, home.ca()));
        for (int attempt = 0; attempt < 3; ++attempt) {
            CHECK(listener.accept().bytes().substr(0, 2) == kHandshake);
        }
        board.terminate();
        CHECK(board.exitCode() == 0);
    }
    {
        Process board({"--flash", bench.directory.file("flash")});
        CHECK(listener.accept().bytes().substr(0, 2) == kHandshake);
    }
    Process board({"--flash", bench.directory.file("flash"), "--ca", ""});
    CHECK(listener.accept().bytes()[0] == 0x10);
}

TEST_CASE("tls: only the gateway of this home will do") {
    Pki home;
    CHECK(says(refusal(home, home, home.sign("neighbour", named("DNS:89abcdef.gatehouse.internal"))),
               "its certificate is not for 0123abcd.gatehouse.internal"));
    CHECK(says(refusal(home, home, home.sign("address", named("IP:" + ownAddress()))),
               "its certificate is not for 0123abcd.gatehouse.internal"));
    Leaf expired;
    expired.until = "20200531235959Z";
    CHECK(says(refusal(home, home, home.sign("expired", expired)), "not valid on 2020-06-01"));
    Leaf early;
    early.from = "20200602000000Z";
    CHECK(says(refusal(home, home, home.sign("early", early)), "not valid on 2020-06-01"));
    Leaf unknown;
    unknown.extensions = "1.2.3.4=critical,DER:0500\n";
    CHECK(says(refusal(home, home, home.sign("unknown", unknown)), "a critical extension"));
    Leaf other;
    other.curve = "P-384";
    CHECK(says(refusal(home, home, home.sign("other", other)), "trying again"));

    Pki neighbour("/CN=Gatehouse 89ABCDEF");
    CHECK(says(refusal(home, neighbour, neighbour.sign("boards")), "not from the authority of this home"));
    Pki impostor;  // of the same name
    CHECK(says(refusal(home, impostor, impostor.sign("boards")), "not from the authority of this home"));
}

TEST_CASE("tls: a chain of certificates far longer than the buffers is read all the same") {
    Pki home;
    Leaf large;
    for (int name = 0; name < 100; ++name) {
        large.names += ",DNS:a-name-among-so-many-others-" + std::to_string(name) + ".internal";
    }
    const std::string name = home.sign("large", large);
    REQUIRE(slurp(home.file("large.pem")).size() > 4000);
    // With the authority's own behind it, whose critical constraints are not a board's to judge.
    std::ofstream(home.file("large.pem"), std::ios::app) << slurp(home.ca());
    const Broker broker(home, name);
    Bench bench;
    Process board(bench.arguments(broker.gateway, home.ca()));
    CHECK(board.errorLine() == "gatehouse-board: ready at " + broker.gateway + " with TLS");
}

TEST_CASE("tls: what is no gateway is named for what it is, and gets nothing in the clear") {
    const Pki home;
    const std::string closed = "it closed the connection during the TLS handshake: is that a plain port?";
    CHECK(says(answeredWith(home.ca(), ""), closed));
    CHECK(says(answeredWith(home.ca(), std::string("\x16\x03\x03\x00\x40\x02", 6)), closed));
    CHECK(says(answeredWith(home.ca(), connack()), closed));
    CHECK(says(answeredWith(home.ca(), "HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not speak TLS 1.2"));
    CHECK(says(answeredWith(home.ca(), std::string("\x15\x03\x03\x00\x02\x02\x28", 7)),
               "TLS alert 40: it has nothing in common with boards"));
}

TEST_CASE("tls: what the board offers") {
    const Pki home;
    Bench bench;
    Listener listener;
    Process board(bench.arguments(listener.gateway, home.ca()));
    const std::string hello = listener.accept().bytes();
    const auto offers = [&](const std::string& bytes) { return hello.find(bytes) != std::string::npos; };
    CHECK(hello.substr(9, 2) == "\x03\x03");
    // After an empty session id: ChaCha20-Poly1305 first, AES-128-GCM second.
    CHECK(hello.substr(43, 7) == std::string("\x00\x00\x04\xcc\xa9\xc0\x2b", 7));
    CHECK(offers(std::string("\x00\x1b", 2) + "0123abcd.gatehouse.internal"));
    CHECK(offers(std::string("\x00\x01\x00\x01\x01", 5)));              // fragments of 512 bytes
    CHECK(offers(std::string("\x00\x0a\x00\x04\x00\x02\x00\x17", 8)));  // P-256
    CHECK(offers(std::string("\x00\x0d\x00\x04\x00\x02\x04\x03", 8)));  // ECDSA with SHA-256
}

TEST_CASE("tls: a session is resumed, and forgotten with the power") {
    Pki home;
    home.sign("boards");
    Process server({"s_server", "-accept", ownAddress() + ":8884", "-cert", home.file("boards.pem"), "-key",
                    home.file("boards.key"), "-no_ticket"},
                   "", "openssl");
    server.lineWith("ACCEPT");
    Bench bench;
    Process board(bench.arguments(ownAddress() + ":8884", home.ca()));
    CHECK_FALSE(resumes(server));
    server.type("q");
    CHECK(resumes(server));
    board.type("power-cycle");
    server.type("q");
    CHECK_FALSE(resumes(server));
}

TEST_CASE("tls: --ca takes the certificate of a home's authority and nothing else") {
    Pki home;
    home.sign("boards");
    const Pki stranger("/CN=Example Root");
    const Pki longer("/CN=Gatehouse 0123ABCDE");
    const Pki curve("/CN=Gatehouse 0123ABCD", "P-384");
    std::ofstream(home.file("empty.pem"));
    std::ofstream(home.file("rubbish.pem"))
        << "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    std::ofstream(home.file("bytes.pem")) << "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
    std::ofstream(home.file("half.pem")) << slurp(home.ca()).substr(0, slurp(home.ca()).size() / 2);
    std::ofstream(home.file("two.pem")) << slurp(home.ca()) << slurp(home.ca());
    const std::vector<std::pair<std::string, std::string>> files = {
        {home.file("missing.pem"), "cannot be read"},
        {home.file("empty.pem"), "cannot be read"},
        {home.file("ca.key"), "more than a certificate"},
        {home.file("two.pem"), "more than a certificate"},
        {home.file("rubbish.pem"), "damaged"},
        {home.file("bytes.pem"), "damaged"},
        {home.file("half.pem"), "no whole certificate"},
        {home.file("boards.pem"), "of a server"},
        {stranger.ca(), "authority of no home"},
        {longer.ca(), "authority of no home"},
        {curve.ca(), "not P-256"},
    };
    Bench bench;
    for (const auto& [file, why] : files) {
        CAPTURE(file);
        Process board({"--flash", bench.directory.file("flash"), "--ca", file});
        const std::string line = board.errorLine();
        CHECK(line.rfind("gatehouse-board: --ca " + file + " must be the certificate", 0) == 0);
        CHECK(line.find(why) != std::string::npos);
        CHECK(board.errorLine().empty());
        CHECK(board.exitCode() == 2);
    }
}
