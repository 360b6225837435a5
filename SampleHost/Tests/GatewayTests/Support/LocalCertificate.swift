/// A certificate for localhost and 127.0.0.1 that signs itself, valid until 2120, made for tests alone. In PEM.
enum LocalCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBejCCASCgAwIBAgIUZaKg9ld4hi7tjf9G+dipXg70ZzgwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
        MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAARbyKvO7MNdnrefkVkChcG8f0shtdyd8Tk5vEEWrEaGfpUGIlwdA4i+
        +k92knuUun7I99ivSCOKYbuOUFu9JhQOo04wTDAaBgNVHREEEzARgglsb2NhbGhv
        c3SHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUBvZzsJLMV8CB5M4W
        33xIMGQVqDUwCgYIKoZIzj0EAwIDSAAwRQIgM89wekri13W15VaLcsZJUrUk46Nu
        9LiTdhJjxZmU4/4CIQDIi+i56ZvZicWbEBULwb14JkOm54S9qwvjuSwZFmGHZw==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQu07GRyyu2Bv/oU0
        AnSiSVdTRzlMH0eSqaUIXEpSruWhRANCAARbyKvO7MNdnrefkVkChcG8f0shtdyd
        8Tk5vEEWrEaGfpUGIlwdA4i++k92knuUun7I99ivSCOKYbuOUFu9JhQO
        -----END PRIVATE KEY-----
        """
}
