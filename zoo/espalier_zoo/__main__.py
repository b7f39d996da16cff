from espalier_zoo.commands import main

main()
