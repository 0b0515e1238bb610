// gatehouse-board as a process, with a broker made of one socket.
#include <doctest/doctest.h>

#include <fstream>

#include "process.hpp"

using namespace gatehouse::test;

namespace {

struct Bench {
    Directory directory;
    Listener listener;

    Bench() { std::ofstream(directory.file("secret")) << "very-secret\n"; }
    std::vector<std::string> arguments() {
        return {"--flash",   directory.file("flash"), "--id",
                "relay-7",   "--secret-file",         directory.file("secret"),
                "--gateway", listener.gateway,        "--relays",
                "2"};
    }
};

}  // namespace

TEST_CASE("program: a command moves a relay, prints it, and the report comes first in one write") {
    Bench bench;
    Process board(bench.arguments());
    CHECK(board.line() == "relay 1 off cause=boot seq=0");
    CHECK(board.line() == "relay 2 off cause=boot seq=0");
    Peer peer = bench.listener.accept();
    peer.until("$state", "ready");
    CHECK(board.errorLine() == "gatehouse-board: ready at " + bench.listener.gateway);
    peer.send(publish("homie/5/relay-7/$command", peer.session + " 3 999999999 relay-2/on true", 1, 9));
    const std::vector<Sent> answer = peer.read();
    REQUIRE(answer.size() == 4);
    CHECK(answer[0].topic == "homie/5/relay-7/$report");
    CHECK(answer[1].topic == "homie/5/relay-7/relay-2/on/$target");
    CHECK(answer[2].topic == "homie/5/relay-7/relay-2/on");
    CHECK(answer[3].type == 4);
    CHECK(board.line() == "relay 2 on cause=command seq=3");

    board.type("button 2");
    CHECK(board.line() == "relay 2 off cause=button seq=3");
    // Lines are obeyed in order: once the answer to the second is there, the first is done.
    board.type("stick 1 on\nnonsense");
    CHECK(board.errorLine().find("nonsense") != std::string::npos);
    peer.send(publish("homie/5/relay-7/$command", peer.session + " 4 999999999 relay-1/on false", 1, 10));
    CHECK(board.errorLine() == "gatehouse-board: relay 1 does not do what its pin was told");
    board.type("unstick 1\nnonsense");
    CHECK(board.errorLine().find("nonsense") != std::string::npos);
    peer.send(publish("homie/5/relay-7/$command", peer.session + " 5 999999999 relay-1/on false", 1, 11));
    CHECK(board.line() == "relay 1 off cause=command seq=5");
    board.type("button 2\nbutton 2");
    CHECK(board.line() == "relay 2 on cause=button seq=3");
    CHECK(board.line() == "relay 2 off cause=button seq=3");

    board.type("quit");
    peer.until("$state", "disconnected");
    CHECK(board.exitCode() == 0);
}

TEST_CASE("program: power-cycle and wifi down leave the old socket open and mute") {
    Bench bench;
    Process board(bench.arguments());
    board.line();
    board.line();
    Peer first = bench.listener.accept();
    first.until("relay-2/power-on");
    first.until("$state", "ready");
    first.send(
        publish("homie/5/relay-7/$configure", first.session + " 9 999999999 relay-2/power-on on", 1, 9));
    first.until("relay-2/power-on", "on");

    board.type("power-cycle");
    CHECK(board.line() == "relay 1 off cause=boot seq=0");
    CHECK(board.line() == "relay 2 on cause=boot seq=0");
    Peer second = bench.listener.accept();
    second.until("$state", "ready");
    CHECK(second.session != first.session);
    CHECK(first.quiet());
    first.send(publish("homie/5/relay-7/$command", first.session + " 5 999999999 relay-1/on true", 1, 10));

    board.type("wifi down");
    board.type("button 1");
    CHECK(board.line() == "relay 1 on cause=button seq=0");
    CHECK(second.quiet());
    board.type("wifi up");
    Peer third = bench.listener.accept();
    CHECK(third.until("$report").payload.find("relay-1/on true button -") != std::string::npos);
    third.until("$state", "ready");
    CHECK(first.quiet());
    CHECK(second.quiet());
    board.terminate();
    third.until("$state", "disconnected");
    CHECK(board.exitCode() == 0);
}

TEST_CASE("program: identify, restart and forget, as the gateway asks") {
    Bench bench;
    Process board(bench.arguments());
    board.line();
    board.line();
    const std::string topic = "homie/5/relay-7/$configure";
    Peer first = bench.listener.accept();
    first.until("$state", "ready");
    first.send(publish(topic, first.session + " 1 999999999 system/identify true", 1, 8));
    first.until("$configured");
    first.send(publish(topic, first.session + " 2 999999999 system/restart true", 1, 9));
    CHECK(first.until("$configured").payload.find("system/restart true") != std::string::npos);
    first.until("$state", "disconnected");
    CHECK(board.line() == "relay 1 off cause=boot seq=0");
    CHECK(board.line() == "relay 2 off cause=boot seq=0");
    Peer second = bench.listener.accept();
    second.until("system/restart-reason", "restart");
    second.until("$state", "ready");
    second.send(publish(topic, second.session + " 1 999999999 system/forget true", 1, 9));
    CHECK(second.until("$configured").payload.find("system/forget true") != std::string::npos);
    second.until("$state", "disconnected");
    board.type("power-cycle");
    for (std::string line = board.errorLine();
         line.find("no gateway and credential stored") == std::string::npos; line = board.errorLine()) {
        REQUIRE_FALSE(line.empty());
    }
    board.type("quit");
    CHECK(board.exitCode() == 0);
}

TEST_CASE("program: it comes back after the gateway closed, and settings outlive the process") {
    Bench bench;
    {
        Process board(bench.arguments());
        bench.listener.accept().until("$state", "ready");
        bench.listener.accept().until("$state", "ready");
        board.terminate();
        CHECK(board.exitCode() == 0);
    }
    Process board({"--flash", bench.directory.file("flash"), "--relays", "1"});
    Peer peer = bench.listener.accept();
    const std::vector<Sent> login = peer.read();
    REQUIRE(login.size() == 1);
    CHECK(login[0].body.find("very-secret") != std::string::npos);
    peer.send(connack(5));
    const std::string error = board.errorLine();
    CHECK(error.find("refused the login with code 5") != std::string::npos);
    CHECK(error.find("very-secret") == std::string::npos);
    struct stat status = {};
    REQUIRE(stat(bench.directory.file("flash").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);

    Process rival({"--flash", bench.directory.file("flash")});
    CHECK(rival.errorLine().find("end that one first") != std::string::npos);
    CHECK(rival.exitCode() == 75);
}

TEST_CASE("program: the end of stdin is not the end of the board") {
    Bench bench;
    const std::string fifo = bench.directory.file("in");
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    const int keeper = open(fifo.c_str(), O_RDWR | O_CLOEXEC);  // lets the board's open succeed
    SUBCASE("a pipe whose writer goes") {
        Process board(bench.arguments());
        board.closeStdin();
        bench.listener.accept().until("$state", "ready");
        board.terminate();
        CHECK(board.exitCode() == 0);
    }
    SUBCASE("nothing at all") {
        Process board(bench.arguments(), "/dev/null");
        bench.listener.accept().until("$state", "ready");
        board.terminate();
        CHECK(board.exitCode() == 0);
    }
    SUBCASE("a FIFO that writers come and go on") {
        Process board(bench.arguments(), fifo);
        board.line();
        board.line();
        close(keeper);
        for (const char* const expected :
             {"relay 1 on cause=button seq=0", "relay 1 off cause=button seq=0"}) {
            std::ofstream(fifo) << "button 1\n" << std::flush;
            CHECK(board.line() == expected);
        }
        std::ofstream(fifo) << "quit\n" << std::flush;
        CHECK(board.exitCode() == 0);
        return;
    }
    close(keeper);
}

TEST_CASE("program: an unknown line is answered on stderr") {
    Bench bench;
    Process board({"--flash", bench.directory.file("flash"), "--relays", "2"});
    CHECK(board.errorLine().find("no gateway and credential stored") != std::string::npos);
    for (const std::string line :
         {"dance", "button 3", "button 0", "button", "button 1 1", "button 11", "stick 1", "stick 1 maybe",
          "wifi sideways", "later", "later 1000", "quit now"}) {
        board.type(line);
        CHECK(board.errorLine().find("cannot do \"" + line + "\"") != std::string::npos);
    }
    board.type("quit");
    CHECK(board.exitCode() == 0);
}

TEST_CASE("program: a wrong call is one line that says what to do, and exit code 2") {
    Bench bench;
    const std::string flash = bench.directory.file("flash");
    const std::vector<std::vector<std::string>> calls = {
        {},
        {"--flash"},
        {"--flash", ""},
        {"--bogus"},
        {"--flash", flash, "more"},
        {"--flash", flash, "--relays", "0"},
        {"--flash", flash, "--relays", "9"},
        {"--flash", flash, "--relays", "two"},
        {"--flash", flash, "--mac", "5c:cf:7f:a1:b2"},
        {"--flash", flash, "--mac", "5c-cf-7f-a1-b2-c3"},
        {"--flash", flash, "--gateway", "host"},
        {"--flash", flash, "--gateway", "host:0"},
        {"--flash", flash, "--gateway", "host:65536"},
        {"--flash", flash, "--gateway", ":1883"},
        {"--flash", flash, "--gateway", "::1:1883"},
        {"--flash", flash, "--id", "relay-7"},
        {"--flash", flash, "--secret-file", bench.directory.file("secret")},
        {"--flash", flash, "--id", "Relay 7", "--secret-file", bench.directory.file("secret")},
        {"--flash", flash, "--id", "relay-7", "--secret-file", bench.directory.file("missing")},
        {"--flash", flash, "--wifi", "no-password"},
        {"--flash", flash, "--ca"},
    };
    for (const std::vector<std::string>& call : calls) {
        CAPTURE(call.empty() ? std::string("nothing") : call.back());
        Process board(call);
        CHECK(board.errorLine().rfind("gatehouse-board: ", 0) == 0);
        CHECK(board.errorLine().empty());
        CHECK(board.exitCode() == 2);
    }
    std::ofstream(flash) << "not a flash file";
    Process board({"--flash", flash});
    CHECK(board.errorLine().find("no flash file") != std::string::npos);
    CHECK(board.exitCode() == 1);
}
