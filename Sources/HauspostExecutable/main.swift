// The one binary: serve and chat.
