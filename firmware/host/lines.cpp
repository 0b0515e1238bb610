#include "lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace gatehouse::host {
namespace {

/// Longer than any line that means something.
constexpr size_t kLineMax = 256;

}  // namespace

Lines::Lines() {
    struct stat status = {};
    if (fstat(STDIN_FILENO, &status) != 0) {
        fd_ = -1;
        return;
    }
    if (S_ISFIFO(status.st_mode)) {
        // Being a writer too means that the end of one writer is not the end of the lines.
        const int both = open("/proc/self/fd/0", O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (both >= 0) {
            fd_ = both;
            owned_ = true;
        }
    }
}

Lines::~Lines() {
    if (owned_) {
        close(fd_);
    }
}

std::vector<std::string> Lines::read() {
    std::vector<std::string> lines;
    char buffer[512];
    const ssize_t count = ::read(fd_, buffer, sizeof buffer);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return lines;
    }
    for (ssize_t at = 0; at < count; ++at) {
        if (buffer[at] == '\n') {
            lines.push_back(partial_);
            partial_.clear();
        } else if (partial_.size() < kLineMax) {
            partial_.push_back(buffer[at]);
        }
    }
    if (count <= 0) {
        if (!partial_.empty()) {
            lines.push_back(partial_);
            partial_.clear();
        }
        fd_ = -1;
    }
    return lines;
}

}  // namespace gatehouse::host
