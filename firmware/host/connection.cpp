#include "connection.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
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

void Connection::secure(const Authority& authority) {
    tls_ = std::make_unique<TlsClient>(authority);
}

void Connection::unsecure() {
    tls_.reset();
}

bool Connection::wantsToSend() const {
    return state_ == State::Dialing ||
           (tls_ != nullptr && state_ != State::Closed && !tls_->sending().empty());
}

bool Connection::dial(const std::string& host, uint16_t port) {
    close();
    why_.clear();
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

void Connection::advance() {
    if (state_ == State::Dialing && !finishDial()) {
        close();
    } else if (state_ == State::Dialing && tls_ == nullptr) {
        state_ = State::Open;
    } else if (state_ == State::Dialing && !beginTls()) {
        fail("there is no randomness to make keys of");
    }
    if (state_ == State::Securing) {
        shakeHands();
    }
}

bool Connection::finishDial() {
    int error = 0;
    socklen_t size = sizeof error;
    return getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

bool Connection::beginTls() {
    TlsClient::Seed seed;
    // So few bytes come whole or not at all.
    if (getrandom(seed.data(), seed.size(), 0) != static_cast<ssize_t>(seed.size()) || !tls_->start(seed)) {
        return false;
    }
    state_ = State::Securing;
    // Until it stands, this is why it does not.
    why_ = "it did not finish the TLS handshake in time";
    return true;
}

void Connection::shakeHands() {
    Step step = Step::Done;
    while (step == Step::Done && !tls_->established()) {
        step = receiveRecord();
    }
    if (tls_->established()) {
        why_.clear();
        state_ = State::Open;
    } else if (step == Step::Ended) {
        const std::string why = tls_->why();
        fail(why.empty() ? "it closed the connection during the TLS handshake: is that a plain port?" : why);
    }
}

Connection::Step Connection::receiveRecord() {
    if (!drain()) {
        return Step::Ended;
    }
    if (tls_->ended()) {
        return Step::Ended;
    }
    const TlsClient::Room room = tls_->receiving();
    if (room.size == 0) {
        return Step::Waits;
    }
    const ssize_t count = receive(room.data, room.size);
    if (count <= 0) {
        return count == 0 ? Step::Waits : Step::Ended;
    }
    tls_->received(static_cast<size_t>(count));
    // Answers, and the alert that tells the peer what is wrong.
    return drain() && !tls_->ended() ? Step::Done : Step::Ended;
}

bool Connection::drain() {
    for (Text bytes = tls_->sending(); !bytes.empty(); bytes = tls_->sending()) {
        const ssize_t count = send(fd_, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (count < 0) {
            return again();
        }
        tls_->sent(static_cast<size_t>(count));
    }
    return true;
}

ssize_t Connection::receive(char* buffer, size_t size) {
    const ssize_t count = recv(fd_, buffer, size, 0);
    if (count > 0) {
        return count;
    }
    return count < 0 && again() ? 0 : -1;
}

ssize_t Connection::read(char* buffer, size_t size) {
    if (tls_ == nullptr) {
        return receive(buffer, size);
    }
    Step step = Step::Done;
    while (step == Step::Done && !tls_->hasInput()) {
        step = receiveRecord();
    }
    const size_t count = tls_->read(buffer, size);
    if (count > 0 || step != Step::Ended) {
        return static_cast<ssize_t>(count);
    }
    why_ = tls_->why();
    return -1;
}

ssize_t Connection::write(Text bytes) {
    if (tls_ != nullptr) {
        return writeSecured(bytes);
    }
    const ssize_t count = send(fd_, bytes.data, bytes.size, MSG_NOSIGNAL);
    return count < 0 && again() ? 0 : count;
}

ssize_t Connection::writeSecured(Text bytes) {
    size_t taken = 0;
    while (true) {
        if (!drain() || tls_->ended()) {
            why_ = tls_->why();
            return -1;
        }
        const size_t count = tls_->write(bytes.from(taken));
        if (count == 0) {
            return static_cast<ssize_t>(taken);
        }
        taken += count;
        tls_->flush();
    }
}

void Connection::fail(const std::string& why) {
    close();
    why_ = why;
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
    bool goodbye = false;
    const auto unsent = [&] { return !rest.empty() || !goodbye || wantsToSend(); };
    while (state_ == State::Open && unsent() && poll(&waiting, 1, limitMs) == 1) {
        const ssize_t count = write(rest);
        if (count < 0) {
            break;
        }
        rest = rest.from(static_cast<size_t>(count));
        if (rest.empty() && !goodbye) {
            goodbye = true;
            if (tls_ != nullptr) {
                tls_->close();
            }
        }
    }
    if (state_ == State::Open && !unsent()) {
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
