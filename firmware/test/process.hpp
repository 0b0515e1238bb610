// gatehouse-board as a process, and the gateway's end of its connection.
#pragma once

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
#include <filesystem>
#include <fstream>

#include "broker_bytes.hpp"

namespace gatehouse::test {

/// Longer than anything here takes; only a failure waits for it.
constexpr int kLimitMs = 10000;

inline std::string program() {
    const char* const path = std::getenv("GATEHOUSE_BOARD");
    return path == nullptr ? "build/gatehouse-board" : path;
}

inline bool readable(int fd, int limitMs) {
    pollfd waiting = {fd, POLLIN, 0};
    return poll(&waiting, 1, limitMs) == 1;
}

class Directory {
  public:
    Directory() { REQUIRE(mkdtemp(path_) != nullptr); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
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
    /// Nothing more will be sent; waits until the board has closed too, so that no reset overtakes the
    /// answer.
    void finish() {
        shutdown(fd_, SHUT_WR);
        while (!bytes().empty()) {
        }
    }
    /// One read's worth of bytes; none at the end of the stream.
    std::string bytes() {
        char buffer[8192];
        REQUIRE(readable(fd_, kLimitMs));
        const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
        return {buffer, count > 0 ? static_cast<size_t>(count) : 0};
    }
    /// One read's worth of packets; none at the end of the stream.
    std::vector<Sent> read() {
        const std::string read = bytes();
        if (read.empty()) {
            ended_ = true;
            return {};
        }
        stream_ += read;
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
    explicit Process(std::vector<std::string> arguments, const std::string& stdinPath = "",
                     const std::string& path = program()) {
        int in[2];
        int out[2];
        int err[2];
        REQUIRE(pipe2(in, O_CLOEXEC) == 0);
        REQUIRE(pipe2(out, O_CLOEXEC) == 0);
        REQUIRE(pipe2(err, O_CLOEXEC) == 0);
        arguments.insert(arguments.begin(), path);
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
            execvp(argv[0], argv.data());
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
    /// Lines of stdout, or of stderr, up to one that holds `part`; that one.
    std::string lineWith(const std::string& part) { return lineWith(part, out_, outRest_); }
    std::string errorLineWith(const std::string& part) { return lineWith(part, err_, errRest_); }
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
    static std::string lineWith(const std::string& part, int fd, std::string& rest) {
        std::string line;
        std::string before;
        do {
            before += line + "\n";
            CAPTURE(part);
            CAPTURE(before);
            REQUIRE(takeLine(fd, rest, line));
        } while (line.find(part) == std::string::npos);
        return line;
    }
    static std::string lineFrom(int fd, std::string& rest) {
        std::string line;
        takeLine(fd, rest, line);
        return line;
    }
    /// False, and empty, at the end.
    static bool takeLine(int fd, std::string& rest, std::string& line) {
        while (rest.find('\n') == std::string::npos) {
            char buffer[512];
            REQUIRE(readable(fd, kLimitMs));
            const ssize_t count = read(fd, buffer, sizeof buffer);
            if (count <= 0) {
                line.clear();
                return false;
            }
            rest.append(buffer, static_cast<size_t>(count));
        }
        line = rest.substr(0, rest.find('\n'));
        rest.erase(0, line.size() + 1);
        return true;
    }

    pid_t pid_ = -1;
    int in_ = -1;
    int out_ = -1;
    int err_ = -1;
    std::string outRest_;
    std::string errRest_;
};

}  // namespace gatehouse::test
