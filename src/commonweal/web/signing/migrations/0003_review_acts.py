# Both changes that came before, and the kinds of act of the yearly review.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('signing', '0002_route_acts'),
        ('signing', '0002_void_and_put_off'),
    ]

    operations = [
        migrations.AlterField(
            model_name='act',
            name='kind',
            field=models.CharField(choices=[('send', 'send'), ('conflict', 'conflict'), ('vote', 'vote'), ('decide', 'decide'), ('agree', 'agree'), ('countersign', 'countersign'), ('advise', 'advise'), ('agree_change', 'agree_change'), ('pause', 'pause'), ('suspend', 'suspend'), ('resume', 'resume'), ('revoke', 'revoke'), ('close', 'close'), ('send_review', 'send_review'), ('accept_review', 'accept_review'), ('sign_off_release', 'sign_off_release'), ('send_back_release', 'send_back_release'), ('roster_change', 'roster_change'), ('propose_route', 'propose_route'), ('call_in', 'call_in')], max_length=32),
        ),
    ]
