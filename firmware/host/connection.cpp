#include "connection.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace gatehouse::host {
namespace {

/// A gateway has long given up on a socket that so many others were abandoned after.
constexpr size_t kAbandonedMax = 256;

bool again() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Connection::~Connection() {
    close();
    for (const int fd : abandoned_) {
        ::close(fd);
    }
}

bool Connection::dial(const std::string& host, uint16_t port) {
    close();
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return false;
    }
    // The first address only: the next attempt is never far.
    fd_ = socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, found->ai_protocol);
    const int one = 1;
    if (fd_ >= 0) {
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        const bool begun = connect(fd_, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS;
        state_ = State::Dialing;
        if (!begun) {
            close();
        }
    }
    freeaddrinfo(found);
    return state_ == State::Dialing;
}

bool Connection::finishDial() {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        close();
        return false;
    }
    state_ = State::Open;
    return true;
}

ssize_t Connection::read(char* buffer, size_t size) {
    const ssize_t count = recv(fd_, buffer, size, 0);
    if (count > 0) {
        return count;
    }
    return count < 0 && again() ? 0 : -1;
}

ssize_t Connection::write(Text bytes) {
    const ssize_t count = send(fd_, bytes.data, bytes.size, MSG_NOSIGNAL);
    return count < 0 && again() ? 0 : count;
}

void Connection::close() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    fd_ = -1;
    state_ = State::Closed;
}

void Connection::abandon() {
    if (fd_ >= 0) {
        abandoned_.push_back(fd_);
        if (abandoned_.size() > kAbandonedMax) {
            ::close(abandoned_.front());
            abandoned_.erase(abandoned_.begin());
        }
    }
    fd_ = -1;
    state_ = State::Closed;
}

void Connection::finish(Text rest, int limitMs) {
    pollfd waiting = {fd_, POLLOUT, 0};
    while (state_ == State::Open && !rest.empty() && poll(&waiting, 1, limitMs) == 1) {
        const ssize_t count = write(rest);
        if (count < 0) {
            break;
        }
        rest = rest.from(static_cast<size_t>(count));
    }
    if (state_ == State::Open && rest.empty()) {
        shutdown(fd_, SHUT_WR);
        waiting.events = POLLIN;
        char ignored[512];
        // Bounded, for a peer that goes on talking.
        int reads = 0;
        while (reads < 64 && poll(&waiting, 1, limitMs) == 1 && recv(fd_, ignored, sizeof ignored, 0) > 0) {
            ++reads;
        }
    }
    close();
}

}  // namespace gatehouse::host
