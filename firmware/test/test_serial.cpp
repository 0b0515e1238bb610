// gatehouse-board as a process, given its home over its pseudo terminal.
#include <algorithm>

#include "authority.hpp"
#include "pki.hpp"
#include "serial.hpp"

using namespace gatehouse::test;

namespace {

/// The gateway's end of the cable.
class Cable {
  public:
    explicit Cable(const std::string& path) : fd_(open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        REQUIRE(fd_ >= 0);
    }
    Cable(const Cable&) = delete;
    ~Cable() { close(fd_); }

    void write(const std::string& bytes) {
        REQUIRE(::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    /// Frames until `wanted` is among them, or what was read holds it; those frames.
    Frames until(const std::string& wanted) {
        std::string bytes;
        Frames frames;
        while (std::find(frames.begin(), frames.end(), wanted) == frames.end() &&
               bytes.find(wanted) == std::string::npos) {
            char buffer[512];
            CAPTURE(wanted);
            CAPTURE(bytes);
            REQUIRE(readable(fd_, kLimitMs));
            const ssize_t count = read(fd_, buffer, sizeof buffer);
            REQUIRE(count > 0);
            bytes.append(buffer, static_cast<size_t>(count));
            all += std::string(buffer, static_cast<size_t>(count));
            frames = framesOf(bytes);
        }
        return frames;
    }
    /// Asks, and waits for the answer.
    Frames ask(const std::string& rpc, const std::string& wanted) {
        write(rpc);
        return until(wanted);
    }
    /// Asks how far the board has come until it says `word`.
    void comes(const std::string& word) {
        for (int turn = 0; turn < 100000; ++turn) {
            write(rpc(0xb1));
            std::string bytes;
            Frames frames;
            while (frames.empty() || frames.back().rfind("result 177|", 0) != 0) {
                char buffer[512];
                REQUIRE(readable(fd_, kLimitMs));
                const ssize_t count = read(fd_, buffer, sizeof buffer);
                REQUIRE(count > 0);
                bytes.append(buffer, static_cast<size_t>(count));
                frames = framesOf(bytes);
            }
            all += bytes;
            if (frames.back() == "result 177|" + word || frames.back() == "result 177|" + word + "|") {
                return;
            }
        }
        FAIL("the board never says ", word);
    }
    void handOver(const std::string& document) {
        for (const std::string& chunk : chunkRpcs(document)) {
            ask(chunk, "result 176|" + (chunk == chunkRpcs(document).back()
                                            ? std::string("stored")
                                            : std::to_string(1 + static_cast<uint8_t>(chunk.at(12)))));
        }
    }

    /// Everything that was read.
    std::string all;

  private:
    int fd_;
};

struct Home {
    Directory directory;
    Listener listener;
    std::string path = directory.file("serial");

    /// The port, once the board has made it.
    std::string portOf(Process& board) const {
        board.lineWith("cause=boot");
        return path;
    }

    std::vector<std::string> arguments(const std::vector<std::string>& more = {
                                           "--network", "home:the password:-61", "--network",
                                           "cafe:", "--network", "far:away:-95"}) const {
        std::vector<std::string> all = {
            "--flash", directory.file("flash"), "--mac", "5c:cf:7f:a1:b2:c3", "--serial", path};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    uint16_t port() const {
        return static_cast<uint16_t>(std::stoi(listener.gateway.substr(listener.gateway.find(':') + 1)));
    }
    std::string plain(const std::string& secret = "very-secret") const {
        return document("relay-7", secret, "127.0.0.1", port(), "");
    }
};

}  // namespace

TEST_CASE("serial: from a bare board to its first login, and from then on by itself") {
    Home home;
    {
        Process board(home.arguments());
        Cable cable(home.portOf(board));
        cable.until("~ld");  // what the ROM says at 74,880 baud
        CHECK(cable.ask(rpc(2), "state 2") == Frames{"state 2"});
        cable.ask(rpc(3), "result 3|Gatehouse|0.1.0|ESP8266|relay-a1b2c3");
        cable.ask(rpc(0xb2), "result 178|1|relay-a1b2c3|5c:cf:7f:a1:b2:c3|a1b2c3|gatehouse-virtual|2|");
        CHECK(cable.ask(rpc(4), "result 4") ==
              Frames{"result 4|home|-61|YES", "result 4|cafe|-55|NO", "result 4|far|-95|YES", "result 4"});
        cable.ask(rpc(5), "error 2");
        cable.handOver(home.plain());
        cable.ask(networkRpc("home", "the password"), "result 1");
        Peer peer = home.listener.accept();
        CHECK(peer.until("$state", "ready").retained());
        cable.comes("online");
        CHECK(cable.ask(rpc(2), "result 2") == Frames{"state 4", "result 2"});
        board.errorLineWith("has worked and is kept");
        CHECK(cable.all.find("has worked and is kept") != std::string::npos);
        for (const std::string secret : {"very-secret", "the password"}) {
            CHECK(cable.all.find(secret) == std::string::npos);
        }
        board.type("power-cycle");
        cable.until("~ld");
        home.listener.accept().until("$state", "ready");
        board.type("quit");
        CHECK(board.exitCode() == 0);
    }
    CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(home.path)));
    Process board(home.arguments({}));
    home.listener.accept().until("$state", "ready");
}

TEST_CASE(
    "serial: a wrong password, a network that is not there, one that is too far away, and then the right "
    "one") {
    Home home;
    Process board(home.arguments());
    Cable cable(home.portOf(board));
    const std::vector<std::vector<std::string>> wrong = {{"home", "another", "wrong-password"},
                                                         {"nowhere", "the password", "no-network"},
                                                         {"far", "away", "no-address"}};
    for (const std::vector<std::string>& one : wrong) {
        cable.handOver(home.plain());
        cable.write(networkRpc(one[0], one[1]));
        CHECK(cable.until("state 2") == Frames{"state 3", "error 3", "state 2"});
        cable.comes(one[2]);
        for (int attempt = 0; attempt < 3; ++attempt) {
            board.errorLineWith("cannot join the network " + one[0] + ":");
        }
    }
    cable.handOver(home.plain());
    cable.ask(networkRpc("cafe", ""), "result 1");
    Peer peer = home.listener.accept();
    peer.until("$state", "ready");
    cable.comes("online");
}

TEST_CASE("serial: a gateway that refuses, one that is not there, and one that is of another home") {
    Pki ours;
    Pki theirs("/CN=Gatehouse 99999999");
    std::string der;
    std::string error;
    REQUIRE(gatehouse::host::decodePem(slurp(ours.ca()), der, error));
    Home home;
    Process board(home.arguments());
    Cable cable(home.portOf(board));
    SUBCASE("refuses") {
        cable.handOver(home.plain());
        cable.ask(networkRpc("cafe", ""), "result 1");
        Peer peer = home.listener.accept();
        peer.read();
        peer.send(connack(5));
        cable.comes("refused");
        board.errorLineWith("what was there before counts");
        // Nothing is left of it, but for the reason.
        CHECK(cable.ask(rpc(2), "state 2") == Frames{"state 2"});
        board.type("power-cycle");
        cable.comes("idle");
    }
    SUBCASE("is not there") {
        cable.handOver(document("relay-7", "very-secret", "127.0.0.1", 1, ""));
        cable.ask(networkRpc("cafe", ""), "result 1");
        cable.comes("unreachable");
    }
    SUBCASE("of another home") {
        Broker broker(theirs, theirs.sign("leaf"));
        cable.handOver(document("relay-7", "very-secret", ownAddress(), 8883, der));
        cable.ask(networkRpc("cafe", ""), "result 1");
        cable.comes("untrusted");
    }
    SUBCASE("of an authority that is none") {
        cable.handOver(document("relay-7", "very-secret", "127.0.0.1", home.port(), "no certificate"));
        cable.ask(networkRpc("cafe", ""), "result 1");
        cable.comes("untrusted");
        CHECK(board.errorLineWith("cannot connect").find("is of no use") != std::string::npos);
        board.type("power-cycle");
        cable.until("~ld");
        cable.comes("untrusted");
    }
    SUBCASE("ours, with TLS") {
        Broker broker(ours, ours.sign("leaf"));
        cable.handOver(document("relay-7", "very-secret", ownAddress(), 8883, der));
        cable.ask(networkRpc("cafe", ""), "result 1");
        cable.comes("online");
        board.errorLineWith("with TLS");
        cable.ask(rpc(0xb2), "result 178|1|relay-7|5c:cf:7f:a1:b2:c3|a1b2c3|gatehouse-virtual|2|0123abcd");
        board.type("power-cycle");
        board.errorLineWith("with TLS");
    }
}

TEST_CASE("serial: the cable is pulled half way, and put back") {
    Home home;
    Process board(home.arguments());
    {
        Cable cable(home.portOf(board));
        const std::vector<std::string> chunks = chunkRpcs(home.plain(), 20);
        cable.ask(chunks[0], "result 176|1");
        cable.write(chunks[1].substr(0, 15));
        board.type("unplug\nnonsense");
        board.errorLineWith("nonsense");
        CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(home.path)));
    }
    board.type("plug\nnonsense");
    board.errorLineWith("nonsense");
    Cable cable(home.path);
    // What was cut off may swallow the next frame, once: it is asked for again.
    cable.write(rpc(2) + std::string(gatehouse::improv::kFrameMax, '\n') + rpc(2));
    cable.until("state 2");
    cable.handOver(home.plain());
    cable.ask(networkRpc("home", "the password"), "result 1");
    home.listener.accept().until("$state", "ready");
    board.type("button 1");
    CHECK(board.lineWith("cause=button") == "relay 1 on cause=button seq=0");
}

TEST_CASE("serial: which networks there are when nobody says so") {
    Home home;
    {
        Process board(home.arguments({}));
        Cable cable(home.portOf(board));
        CHECK(cable.ask(rpc(4), "result 4") == Frames{"result 4|gatehouse-virtual|-55|NO", "result 4"});
        cable.handOver(home.plain());
        cable.ask(networkRpc("gatehouse-virtual", "any"), "result 1");
        Peer peer = home.listener.accept();
        peer.until("$state", "ready");
        cable.comes("online");
        board.type("quit");
        CHECK(board.exitCode() == 0);
    }
    std::ofstream(home.directory.file("networks")) << "one:\n\ntwo:a:b:-70\n";
    Process board(home.arguments({"--networks", home.directory.file("networks")}));
    Cable cable(home.portOf(board));
    CHECK(cable.ask(rpc(4), "result 4") == Frames{"result 4|one|-55|NO", "result 4|two|-70|YES", "result 4"});
    // Its network is not there any more: it waits for it.
    cable.comes("no-network");
    cable.ask(networkRpc("two", "a:b"), "result 1");
    home.listener.accept().until("$state", "ready");
}

TEST_CASE("serial: what is on the command line strikes out what came by the port") {
    Home home;
    std::ofstream(home.directory.file("secret")) << "another-secret\n";
    {
        Process board(home.arguments());
        Cable cable(home.portOf(board));
        cable.handOver(home.plain());
        cable.ask(networkRpc("cafe", ""), "result 1");
        Peer peer = home.listener.accept();
        CHECK(peer.read().at(0).body.find("very-secret") != std::string::npos);
        board.type("quit");
        CHECK(board.exitCode() == 0);
    }
    Process board(home.arguments({"--id", "relay-7", "--secret-file", home.directory.file("secret"),
                                  "--gateway", home.listener.gateway}));
    Peer peer = home.listener.accept();
    CHECK(peer.read().at(0).body.find("another-secret") != std::string::npos);
}

TEST_CASE("serial: a path that is taken, and calls that make no sense") {
    Home home;
    std::ofstream(home.path) << "somebody's file";
    Process board(home.arguments());
    CHECK(board.errorLine().find("is there already and no link") != std::string::npos);
    CHECK(board.exitCode() == 1);
    CHECK(slurp(home.path) == "somebody's file");
    const std::string flash = home.directory.file("flash");
    const std::vector<std::vector<std::string>> calls = {{"--serial", ""},
                                                         {"--network", "no-password"},
                                                         {"--network", ":password"},
                                                         {"--networks", "/no/file"},
                                                         {"--networks", home.path}};
    for (const std::vector<std::string>& call : calls) {
        CAPTURE(call[1]);
        Process wrong({"--flash", flash, call[0], call[1]});
        CHECK(wrong.errorLine().rfind("gatehouse-board: --", 0) == 0);
        CHECK(wrong.exitCode() == 2);
    }
}

TEST_CASE("serial: the SDK that browsers use finds the board, its networks, and gives it one") {
    Home home;
    Process board(home.arguments({"--network", "home:the password:-61", "--network", "cafe:"}));
    CHECK(run("node", {"../tests/node/improv.mjs", home.portOf(board)}) == "provisioned\n");
}
