#include "serial_port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace gatehouse::host {
namespace {

/// Nobody reads so slowly; what is more is lost, as on a wire.
constexpr size_t kOutMax = 16384;

/// Of a captured start; a receiver set to 115,200 baud gets other bytes, and as little sense.
constexpr char kBootNoise[] =
    "\n ets Jan  8 2013,rst cause:1, boot mode:(3,6)\n\nload 0x4010f000, len 1384, room 16 \ntail 8\nchksum "
    "0x2d\n"
    "csum 0x2d\nv3fff3388\n~ld\n";

/// No echo, no line ends, no signals: bytes.
bool makeRaw(const char* name) {
    const int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios settings = {};
    const bool done = fd >= 0 && tcgetattr(fd, &settings) == 0 &&
                      (cfmakeraw(&settings), tcsetattr(fd, TCSANOW, &settings) == 0);
    if (fd >= 0) {
        close(fd);
    }
    return done;
}

}  // namespace

bool SerialPort::plug(const std::string& path, std::string& error) {
    unplug();
    path_ = path;
    struct stat there = {};
    if (lstat(path.c_str(), &there) == 0 && (!S_ISLNK(there.st_mode) || unlink(path.c_str()) != 0)) {
        error = "--serial " + path + " is there already and no link: name a path that is free";
        return false;
    }
    fd_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char name[64];
    if (fd_ < 0 || grantpt(fd_) != 0 || unlockpt(fd_) != 0 || ptsname_r(fd_, name, sizeof name) != 0 ||
        !makeRaw(name)) {
        error = std::string("cannot make a pseudo terminal: ") + std::strerror(errno);
        return false;
    }
    if (symlink(name, path.c_str()) != 0) {
        error = "cannot make the link --serial " + path + ": " + std::strerror(errno);
        return false;
    }
    return true;
}

void SerialPort::unplug() {
    if (fd_ >= 0) {
        close(fd_);
        unlink(path_.c_str());
    }
    fd_ = -1;
    attached_ = false;
    out_.clear();
}

void SerialPort::attach() {
    pollfd terminal = {fd_, POLLIN, 0};
    const bool before = attached_;
    attached_ = fd_ >= 0 && poll(&terminal, 1, 0) >= 0 && (terminal.revents & POLLHUP) == 0;
    if (!attached_) {
        out_.clear();
    } else if (!before) {
        out_ = noise_;
        noise_.clear();
        flush();
    }
}

size_t SerialPort::read(char* buffer, size_t size) {
    const ssize_t count = fd_ < 0 ? 0 : ::read(fd_, buffer, size);
    return count > 0 ? static_cast<size_t>(count) : 0;
}

void SerialPort::write(Text bytes) {
    if (attached_ && out_.size() + bytes.size <= kOutMax) {
        out_.append(bytes.data, bytes.size);
        flush();
    }
}

void SerialPort::boot() {
    noise_ = kBootNoise;
    if (attached_) {
        write({noise_.data(), noise_.size()});
        noise_.clear();
    }
}

void SerialPort::flush() {
    while (fd_ >= 0 && !out_.empty()) {
        const ssize_t count = ::write(fd_, out_.data(), out_.size());
        if (count <= 0) {
            return;
        }
        out_.erase(0, static_cast<size_t>(count));
    }
}

}  // namespace gatehouse::host
