package passwordpolicy

// Common returns the list of common passwords.
func Common() []string { return commonPasswords() }
