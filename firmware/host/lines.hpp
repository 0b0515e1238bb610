// Lines from stdin, which may be a terminal, a FIFO that writers come and go on, or nothing at all.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::host {

class Lines {
  public:
    Lines();
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines();

    /// To wait for; -1 when no line can come any more.
    int fd() const { return fd_; }
    /// Takes what is there and returns the lines that are complete.
    std::vector<std::string> read();

  private:
    int fd_ = 0;
    bool owned_ = false;
    std::string partial_;
};

}  // namespace gatehouse::host
