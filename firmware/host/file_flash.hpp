// A file that behaves like NOR flash.
#pragma once

#include <string>

#include "hardware.hpp"

namespace gatehouse::host {

/// The settings flash of one virtual board; locked, so that two boards never share it. Nothing is synced to
/// disk: what a power cut of the *board* leaves is what the journal is for, and that is what was written.
class FileFlash final : public Flash {
  public:
    enum class Opened { Ok, Busy, Failed };

    FileFlash() = default;
    FileFlash(const FileFlash&) = delete;
    FileFlash& operator=(const FileFlash&) = delete;
    ~FileFlash();

    /// Makes the file when it is missing, readable by its owner only: it holds a secret. `error` says what to
    /// do.
    Opened open(const std::string& path, std::string& error);

    bool read(uint32_t offset, void* out, size_t size) override;
    bool write(uint32_t offset, const void* bytes, size_t size) override;
    bool erase(uint32_t sector) override;

  private:
    int fd_ = -1;
};

}  // namespace gatehouse::host
