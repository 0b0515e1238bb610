// gatehouse-board as a process, with a broker made of one socket.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "broker_bytes.hpp"

using namespace gatehouse::test;

namespace {

/// Longer than anything here takes; only a failure waits for it.
constexpr int kLimitMs = 10000;

std::string program() {
    const char* const path = std::getenv("GATEHOUSE_BOARD");
    return path == nullptr ? "build/gatehouse-board" : path;
}

bool readable(int fd, int limitMs) {
    pollfd waiting = {fd, POLLIN, 0};
    return poll(&waiting, 1, limitMs) == 1;
}

class Directory {
  public:
    Directory() { REQUIRE(mkdtemp(path_) != nullptr); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        for (const char* name : {"flash", "secret", "in"}) {
            unlink(file(name).c_str());
        }
        rmdir(path_);
    }
    std::string file(const std::string& name) const { return std::string(path_) + "/" + name; }

  private:
    char path_[32] = "/tmp/gatehouse-board-XXXXXX";
};

/// The gateway's end of one connection.
class Peer {
  public:
    explicit Peer(int fd) : fd_(fd) {}
    Peer(Peer&& other) : fd_(other.fd_), stream_(other.stream_) { other.fd_ = -1; }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }

    void send(const std::string& bytes) {
        REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    /// One read's worth of packets; none at the end of the stream.
    std::vector<Sent> read() {
        char buffer[8192];
        REQUIRE(readable(fd_, kLimitMs));
        const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
        if (count <= 0) {
            ended_ = true;
            return {};
        }
        stream_.append(buffer, static_cast<size_t>(count));
        return takePackets(stream_);
    }
    /// Acknowledges everything until a message to `topic` came; that message.
    Sent until(const std::string& topic, const std::string& payload = "") {
        while (true) {
            for (const Sent& sent : read()) {
                if (sent.type == 1) {
                    send(connack());
                } else if (sent.type == 3) {
                    send(puback(sent.id));
                } else if (sent.type == 8) {
                    send(suback(sent.id));
                }
                if (found_.topic.empty() && sent.topic == "homie/5/relay-7/" + topic &&
                    (payload.empty() || sent.payload == payload)) {
                    found_ = sent;
                }
                if (sent.topic == "homie/5/relay-7/$session") {
                    session = sent.payload.substr(0, 8);
                }
            }
            if (!found_.topic.empty()) {
                Sent found;
                std::swap(found, found_);
                return found;
            }
            REQUIRE_FALSE(ended_);
        }
    }
    /// The peer has neither closed nor sent anything.
    bool quiet() const { return !readable(fd_, 0); }
    bool ended() const { return ended_; }

    std::string session;

  private:
    int fd_;
    std::string stream_;
    Sent found_;
    bool ended_ = false;
};

class Listener {
  public:
    Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(listen(fd_, 4) == 0);
        REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        gateway = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(fd_); }

    Peer accept() {
        REQUIRE(readable(fd_, kLimitMs));
        return Peer(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
    }

    std::string gateway;

  private:
    int fd_;
};

class Process {
  public:
    /// `stdinPath` names what its stdin is; without one it is a pipe that `type` writes to.
    explicit Process(std::vector<std::string> arguments, const std::string& stdinPath = "") {
        int in[2];
        int out[2];
        int err[2];
        REQUIRE(pipe2(in, O_CLOEXEC) == 0);
        REQUIRE(pipe2(out, O_CLOEXEC) == 0);
        REQUIRE(pipe2(err, O_CLOEXEC) == 0);
        arguments.insert(arguments.begin(), program());
        std::vector<char*> argv;
        for (std::string& argument : arguments) {
            argv.push_back(argument.data());
        }
        argv.push_back(nullptr);
        pid_ = fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            dup2(stdinPath.empty() ? in[0] : open(stdinPath.c_str(), O_RDONLY), STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
            dup2(err[1], STDERR_FILENO);
            execv(argv[0], argv.data());
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        close(err[1]);
        in_ = in[1];
        out_ = out[0];
        err_ = err[0];
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (pid_ > 0) {
            kill(pid_, SIGKILL);
            waitpid(pid_, nullptr, 0);
        }
        for (const int fd : {in_, out_, err_}) {
            if (fd >= 0) {
                close(fd);
            }
        }
    }

    void type(const std::string& line) {
        const std::string bytes = line + "\n";
        REQUIRE(write(in_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    void closeStdin() {
        close(in_);
        in_ = -1;
    }
    void terminate() { kill(pid_, SIGTERM); }
    std::string line() { return lineFrom(out_, outRest_); }
    std::string errorLine() { return lineFrom(err_, errRest_); }
    int exitCode() {
        int status = 0;
        // Its end is the end of its stderr, which can be waited for with a limit.
        while (!errorLine().empty()) {
        }
        REQUIRE(waitpid(pid_, &status, 0) == pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

  private:
    static std::string lineFrom(int fd, std::string& rest) {
        while (rest.find('\n') == std::string::npos) {
            char buffer[512];
            REQUIRE(readable(fd, kLimitMs));
            const ssize_t count = read(fd, buffer, sizeof buffer);
            if (count <= 0) {
                return "";
            }
            rest.append(buffer, static_cast<size_t>(count));
        }
        const std::string line = rest.substr(0, rest.find('\n'));
        rest.erase(0, line.size() + 1);
        return line;
    }

    pid_t pid_ = -1;
    int in_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string outRest_;
    std::string errRest_;
};

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
    first.send(publish("homie/5/relay-7/relay-2/power-on/set", "on", 1, 9));
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
    for (const std::string line : {"dance", "button 3", "button 0", "button", "button 1 1", "button 11",
                                   "stick 1", "stick 1 maybe", "wifi sideways", "quit now"}) {
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
        {"--flash", flash, "--serial", "/tmp/x"},
        {"--flash", flash, "--ca", "/tmp/x"},
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
