"""Print a new pair of keys, ready for `.env`."""

from tesigo.kit.secret_keys import generate_pair

if __name__ == "__main__":
    pair = generate_pair()
    print("# Two new keys. Copy both lines into .env, which only the owner may read (chmod 600 .env).")
    print("# Keep them: with another SECRET_KEY or JWT_SECRET everybody has to sign in again.")
    print("# Never commit them, and give every installation its own.")
    print(f"SECRET_KEY={pair.secret_key}")
    print(f"JWT_SECRET={pair.jwt_secret}")
