#include "claim_port.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace gatehouse::host {
namespace {

bool again() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

void shut(int& fd) {
    if (fd >= 0) {
        ::close(fd);
    }
    fd = -1;
}

}  // namespace

ClaimPort::~ClaimPort() {
    abandon();
}

bool ClaimPort::listen() {
    ignore();
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    // Several boards may share a machine, which real ones do not.
    for (const uint16_t port : {kPort, uint16_t{0}}) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_ANY);
        socklen_t size = sizeof address;
        sockaddr* const any = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_, any, size) == 0 && ::listen(listener_, 1) == 0 &&
            getsockname(listener_, any, &size) == 0) {
            port_ = ntohs(address.sin_port);
            return true;
        }
    }
    ignore();
    return false;
}

void ClaimPort::ignore() {
    shut(listener_);
}

bool ClaimPort::accept() {
    peer_ = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int one = 1;
    return peer_ >= 0 && setsockopt(peer_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0;
}

ssize_t ClaimPort::read(char* buffer, size_t size) {
    const ssize_t count = recv(peer_, buffer, size, 0);
    if (count > 0) {
        return count;
    }
    return count < 0 && again() ? 0 : -1;
}

ssize_t ClaimPort::write(Text bytes) {
    const ssize_t count = send(peer_, bytes.data, bytes.size, MSG_NOSIGNAL);
    return count < 0 && again() ? 0 : count;
}

void ClaimPort::hangUp() {
    shut(peer_);
}

void ClaimPort::abandon() {
    shut(peer_);
    shut(listener_);
}

}  // namespace gatehouse::host
