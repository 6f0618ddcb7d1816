"""Who somebody is: users, magic links, tokens, sessions, consents."""
