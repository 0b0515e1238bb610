#include "file_flash.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace gatehouse::host {
namespace {

constexpr off_t kSize = off_t{Flash::kSectorSize} * Flash::kSectors;

bool inRange(uint32_t offset, size_t size) {
    return offset <= kSize && size <= static_cast<size_t>(kSize) - offset;
}

}  // namespace

FileFlash::~FileFlash() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

FileFlash::Opened FileFlash::open(const std::string& path, std::string& error) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    struct stat status = {};
    if (fd_ < 0 || fstat(fd_, &status) != 0) {
        error = "cannot open the flash file " + path + ": " + std::strerror(errno);
        return Opened::Failed;
    }
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        error = "the flash file " + path + " belongs to a board that is running: end that one first";
        return Opened::Busy;
    }
    if (!S_ISREG(status.st_mode) || (status.st_size != 0 && status.st_size != kSize)) {
        error = path + " is no flash file (8192 bytes): name another file or remove it";
        return Opened::Failed;
    }
    if (status.st_size == 0) {
        for (uint32_t sector = 0; sector < kSectors; ++sector) {
            if (!erase(sector)) {
                error = "cannot write the flash file " + path + ": " + std::strerror(errno);
                return Opened::Failed;
            }
        }
    }
    return Opened::Ok;
}

bool FileFlash::read(uint32_t offset, void* out, size_t size) {
    return inRange(offset, size) &&
           pread(fd_, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

bool FileFlash::write(uint32_t offset, const void* bytes, size_t size) {
    std::vector<uint8_t> cells(size);
    if (!read(offset, cells.data(), size)) {
        return false;
    }
    for (size_t at = 0; at < size; ++at) {
        cells[at] &= static_cast<const uint8_t*>(bytes)[at];
    }
    return pwrite(fd_, cells.data(), size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

bool FileFlash::erase(uint32_t sector) {
    const std::vector<uint8_t> erased(kSectorSize, 0xff);
    return sector < kSectors &&
           pwrite(fd_, erased.data(), erased.size(), off_t{sector} * kSectorSize) == off_t{kSectorSize};
}

}  // namespace gatehouse::host
