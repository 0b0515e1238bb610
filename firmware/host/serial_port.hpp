// The board's USB port: one end of a pseudo terminal, of which a symbolic link names the other.
#pragma once

#include <string>

#include "text.hpp"

namespace gatehouse::host {

/// What is said while nobody has the other end open is lost, as on a wire; only what the chip says at its
/// start waits for somebody.
class SerialPort {
  public:
    SerialPort() = default;
    SerialPort(const SerialPort&) = delete;
    SerialPort& operator=(const SerialPort&) = delete;
    ~SerialPort() { unplug(); }

    /// Makes the terminal, and `path` a link to it; a link that is there is replaced. On a mistake `error`
    /// says what to do.
    bool plug(const std::string& path, std::string& error);
    void unplug();
    bool plugged() const { return fd_ >= 0; }

    /// To wait for: -1 while nobody has the other end open, and then `attach` tells when somebody has.
    int fd() const { return attached_ ? fd_ : -1; }
    bool wantsToSend() const { return attached_ && !out_.empty(); }
    /// Looks whether somebody has it open.
    void attach();
    /// How often `attach` is worth a look, in milliseconds.
    static constexpr uint64_t kAttachEveryMs = 20;

    /// What is there, at most `size` bytes; 0 when nothing is.
    size_t read(char* buffer, size_t size);
    void write(Text bytes);
    /// What the boot ROM and the loader of an ESP8266 print.
    void boot();
    void flush();

  private:
    std::string path_;
    int fd_ = -1;
    bool attached_ = false;
    std::string out_;
    std::string noise_;
};

}  // namespace gatehouse::host
