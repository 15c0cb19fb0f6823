package credentials_test

// handbookPassword is the password of every hash in handbook.
const handbookPassword = "landscape-Pa55"

// handbook is one hash at least of every format that is compatible with Ory Kratos,
// none of them made with this package.
func handbook() []string {
	return []string{
		"$md5-crypt$pONhBWh6$AuMUf32IWuoXqwdC8TFcY.",
		"$2a$10$7c6iAbD3IgL3BjUNCPszquhs34FNJB0Bq4FXwYP/R/UBlYUCszO4.",
		"$sha256-crypt$jG7N5y1M3uDBvD.2$H0VQt6g4o6nGYu4MZRqt9za9Y.T2drwRyI6qH03ihl8",
		"$sha512-crypt$kKlCMsEhyKwkD5Jx$XMKqQyfRX7rX5VD8GSK7ZywMhIw4TpFaWR/YgUnonkxAX6lmwL2MQxH8U26Ysq6ZnVARr.eRyJ.1uBC/H2Mp01",
		"$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$aRYu2aF0DqOz/wTPd/2ln459Q1e4oQVmK35LG2tJz7o",
		"$argon2i$v=19$m=12288,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$HgPx/vI3PfBZBChSDsyR5DJBKJPpPJT9oib3ebsTTO8",
		"$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$Lj2vIznOTupvjkd6Hmeu+NJaLNMCiwZA0ZfgJd6MCw0",
		"$pbkdf2-sha224$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$EacCDFB5+hMB/j3lw/+yXzSae+5bP5iqdAbqSzTkhkc",
		"$scrypt$ln=16384,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg==$9410s3ybTPLllyQrrdAPedjAbN6hY0LtYpiPYV1U/+k=",
		"{SSHA256}Z3MM3m6r/4Ce9arkVQueHwYh4Nw20TpOjgcumC0b7GIwMTIzNDU2Nw==",
		"$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$R63eeggnycnR3ZDYVdjYjBDMUvl7Dwmnx2ZsPUiK0Mk=",
		"$firescrypt$ln=14,r=8,p=1$MDEyMzQ1Ng==$Ql2oT8cGk1SNClvbzPHD7kxviEVuKbP7rzgxSHciyhUU92XLkJyi93w1NYgdaIlS82PhCAsilHond8UJmwTYzQ==$Bw==$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==",
		"$md5$cpEVYtwa441tCyJKl9rhKw==",
		"$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$Fzm0sxu9YxSu0nQIo4x+WA==",
		"$hmac-sha256$MDE1Y2FhNThiNzVmMGYwOGY3NDQzMDRhM2QyMmQyMDFhM2M5YzAwNWY5ZmE5YzJmOTRiYzFiN2U5NmRjMDA5YQ==$MTIzNDU=",
		"$pbkdf2-sha1$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$ygoB65nGJw47OCIZZfeontWLflIquUMsxIh4TVDNTYw",
		"$pbkdf2-sha384$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$dU+TVo2ytQ2RwbY6JNKbXUzvTjKdDwKXBk+lCXmmF3o",
		"$pbkdf2-sha512$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$pEvfUdYPvOmGDzZiuDd3xjiQP+5IEjcOK9NLGsiIPZc",
		"{SSHA}L6F//7LQX2cLx0KSsbwyYKAXmIwwMTIz",
		"{SSHA512}DNJk21h7sEGkcN25IpcFC/ZDVkSn3K2JS9RZRpOr0T0jPqSQe69WMbHjKQ7vHtyaR3LB9939czm5Y5o8aaWXuTAxMjM0NTY3",
		"$sha1$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$ortPr6t83tWSJLaUNjX/h7+MMDo=",
		"$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MDEyMzQ1Njc4OWFiY2RlZg==$E1F0oBjpvHSkn4gKJ+D/DoJBbUBfbNkle0ix4cLyptYb2M1AG/qIBt3RQ6lO3UObeA10qjo+SfA22l48r1C3qw==",
		"$sha256$pf=e1BBU1NXT1JEfQ==$$x/sjULVJeLjzFTOXir/uxmp/Q/fUvPHq7ViU74C8dYE=",
		"$hmac-md4$NWNhMGFlOTBhOWNhYTdkNTZhY2FiYjRkMmE4ZmVjYzU=$MTIzNDU=",
		"$hmac-md5$ZTA3OGU1ZjhhNTVmOGJlZGVmMmMwYmEyOGI2OGNjNjg=$MTIzNDU=",
		"$hmac-sha1$ODc4NzFhNWM2ODEwNDM2NzA5YzNjNmRlMWI3YzE4ZTk3NGRmYzNhYg==$MTIzNDU=",
		"$hmac-sha224$NzRkNTQyODc1YmYyYTZlZTI3OGY1N2NhZjhkNTE5YzIwNDNlNjA5ZTcyOGMzNjdjZmQwODQ3Yzc=$MTIzNDU=",
		"$hmac-sha384$ZDI5ZjQ3NTJjMmE1OGVjMmRiYjJlZTA5NzI4OWQzYTI3NzU3N2NlZGNiMmU3ZTZkMjI5MGRjOTBlZTkwZmVmMzA3ZjQzMzBlYzk5NDFiNWI5ZTFlN2M5NWRjODkxZmVh$MTIzNDU=",
		"$hmac-sha512$MDAyMWJlOTE4NDY5NmNjNTBiOWYwMjIwMTIwM2JhN2M0NmFkOWM4NDBjN2U3MjY0NjQwYzgyMGM0ODQwNmI4Mjk3MzEwOWJkNmY0ZTYwMTJjMWRmN2I0MDIzZGM4MmE2MjlkOWFkNDJmYWFhZTA1MTU0MGUzNzQ4Zjc3NmNkZDA=$MTIzNDU=",
	}
}
